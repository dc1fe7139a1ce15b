//! Runs all cases, several at a time, and compares them when all is booked.

use crate::case::{Ask, Book, Case, Settings, Step};
use crate::client::{self, Answer};
use crate::judge::Differences;
use crate::ledger::Line;
use crate::request;
use crate::site::{Site, Tenant};
use crate::special;
use paddock_tests::upstream::Script;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// So many cases run at the same time.
const AT_ONCE: usize = 8;
/// After all is booked that was sent before the last call, what still differs is looked at again
/// for so long: the end of a call that its client left is seen a little later.
const PATIENCE: Duration = Duration::from_secs(6);

/// What a case has led to.
struct Ran {
    tenants: Vec<Tenant>,
    answers: Vec<Answer>,
    differences: Differences,
}

/// Runs what is chosen; a message for each case that differs and should not, or should and does not.
pub async fn all() -> Vec<String> {
    let book = Arc::new(Book::read());
    let mut sites: BTreeMap<String, Arc<Site>> = BTreeMap::new();
    for case in book.chosen() {
        let name = &case.installation;
        if sites.contains_key(name) {
            continue;
        }
        let usual = Settings::default();
        let settings = match name.as_str() {
            "" => &usual,
            name => &book.installations[name],
        };
        sites.insert(
            name.clone(),
            Arc::new(Site::start(name, settings, &book).await),
        );
    }
    let ran = run(&book, &sites).await;
    for site in sites.values().filter(|site| !site.database.contains("://")) {
        let marker = site
            .tenant("marker", &book.namespace, &Map::new())
            .await
            .unwrap();
        let ask = parse(json!({"chat": {}}));
        client::ask(site.address, &request::write(&ask, "", &marker.key, 0)).await;
        site.has_booked(&marker.namespace, 1).await;
    }
    let mut messages;
    let since = Instant::now();
    loop {
        messages = judge(&book, &sites, &ran).await;
        if messages.is_empty() || since.elapsed() > PATIENCE {
            return messages;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

async fn run(book: &Arc<Book>, sites: &BTreeMap<String, Arc<Site>>) -> BTreeMap<String, Ran> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in book.chosen() {
        let (room, book, id) = (Arc::clone(&room), Arc::clone(book), case.id.clone());
        let site = Arc::clone(&sites[&case.installation]);
        running.spawn(async move {
            let _seat = room.acquire_owned().await.unwrap();
            let case = book.cases.iter().find(|case| case.id == id).unwrap();
            let ran = run_case(&book, &site, case).await;
            (id, ran)
        });
    }
    running.join_all().await.into_iter().collect()
}

async fn run_case(book: &Book, site: &Arc<Site>, case: &Case) -> Ran {
    let mut fields = book.namespace.clone();
    fields.extend(case.namespace.clone());
    let name = format!("case-{}", case.id.replace('_', "-"));
    let mut ran = Ran {
        tenants: Vec::new(),
        answers: Vec::new(),
        differences: Differences::default(),
    };
    for name in [name.clone(), format!("{name}-other")] {
        match site.tenant(&name, &fields, &case.settings).await {
            Ok(tenant) => ran.tenants.push(tenant),
            Err(error) => {
                ran.differences.0.push(error);
                return ran;
            }
        }
    }
    let (tenant, other) = (ran.tenants[0].clone(), ran.tenants[1].clone());
    if let Some(ask) = &case.ask {
        site.upstream
            .script(&case.id, book.script(&case.answer, &case.upstream));
        let request = request::write(ask, &case.id, &tenant.key, 0);
        ran.answers.push(client::ask(site.address, &request).await);
        return ran;
    }
    if case.steps.is_empty() {
        ran.differences = Differences(special::run(site, &tenant, &case.id).await);
        return ran;
    }
    for (number, step) in case.steps.iter().enumerate() {
        let asked_by = if step.other { &other } else { &tenant };
        if let Some((method, path, body)) = &step.manage {
            let path = path.replace("$OTHER", &other.key_id);
            site.manage(method, &path, body).await;
        }
        if let Some(ask) = &step.ask {
            let name = format!("{}_{number}", case.id);
            let script = book.script(&step.answer, &step.upstream);
            let answers = run_step(site, step, ask, (&name, script), asked_by).await;
            for answer in &answers {
                let before = ran.differences.0.len();
                ran.differences.answer(&step.expect, answer);
                for difference in ran.differences.0.iter_mut().skip(before) {
                    *difference = format!("step {}: {difference}", number + 1);
                }
            }
            ran.answers.extend(answers);
        }
        sleep(Duration::from_millis(step.wait_ms)).await;
    }
    ran
}

async fn run_step(
    site: &Arc<Site>,
    step: &Step,
    ask: &Ask,
    (name, script): (&str, Script),
    tenant: &Tenant,
) -> Vec<Answer> {
    site.upstream.script(name, script);
    let mut answers = Vec::new();
    for number in 0..step.repeat {
        let mut asked = JoinSet::new();
        for _ in 0..step.parallel {
            let request = request::write(ask, name, &tenant.key, number);
            let address = site.address;
            asked.spawn(async move { client::ask(address, &request).await });
        }
        answers.extend(asked.join_all().await);
    }
    answers
}

async fn judge(
    book: &Book,
    sites: &BTreeMap<String, Arc<Site>>,
    ran: &BTreeMap<String, Ran>,
) -> Vec<String> {
    let mut messages = Vec::new();
    for (name, site) in sites {
        let ledger = site.ledger().await;
        for case in book.chosen() {
            if &case.installation == name {
                let ran = &ran[&case.id];
                let (differences, lines) = compare(case, ran, site, &ledger);
                messages.extend(verdict(book, case, &differences, ran, &lines));
            }
        }
    }
    messages
}

fn compare<'a>(
    case: &Case,
    ran: &Ran,
    site: &Site,
    ledger: &'a [Line],
) -> (Vec<String>, Vec<&'a Line>) {
    let mut found = Differences(ran.differences.0.clone());
    let ours = |line: &&Line| {
        ran.tenants
            .iter()
            .any(|tenant| tenant.namespace == line.namespace)
    };
    let lines: Vec<&Line> = ledger.iter().filter(ours).collect();
    if ran.tenants.len() < 2 {
        return (found.0, lines);
    }
    let tenant = &ran.tenants[0];
    let expect = &case.expect;
    if case.ask.is_some() {
        found.answer(expect, &ran.answers[0]);
        found.upstream(expect, &site.upstream.seen(&case.id), tenant);
        found.line(expect, &lines);
    }
    found.statuses(
        expect,
        ran.answers.iter().map(|answer| answer.status).collect(),
    );
    found.lines(expect, &lines);
    let mark = format!("&namespace={}&", tenant.namespace);
    found.access_log(expect, || site.longest_access_log_line(&mark));
    (found.0, lines)
}

/// What is wrong with a case, if anything is.
fn verdict(
    book: &Book,
    case: &Case,
    differences: &[String],
    ran: &Ran,
    lines: &[&Line],
) -> Option<String> {
    let Case { id, title, .. } = case;
    match (book.open.contains(id), differences) {
        (true, []) => Some(format!(
            "{id}: {title}\n    is right now: take it out of data/open"
        )),
        (false, []) | (true, _) => None,
        (false, differences) => {
            let mut message = format!("{id}: {title}");
            for difference in differences {
                message += &format!("\n    {difference}");
            }
            if let Some(why) = &case.why {
                message += &format!("\n    why: {why}");
            }
            for answer in ran
                .answers
                .iter()
                .filter(|answer| answer.status != 200)
                .take(2)
            {
                let text: String = answer.text().chars().take(300).collect();
                message += &format!("\n    answered {}: {}", answer.status, text.trim());
            }
            for line in lines.iter().take(3) {
                message += &format!("\n    booked {}", line.describe());
            }
            Some(message)
        }
    }
}

fn parse(value: Value) -> Ask {
    serde_json::from_value(value).unwrap()
}
