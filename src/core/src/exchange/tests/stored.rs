//! Stored objects: who may use them, and how it is known who made them.

use super::bench::*;
use crate::config::{ForeignIds, PassThrough};
use crate::exchange::{Effect, Exchange, Input, Question, Step, Verdict};
use crate::stored::{MOST_STORED, StoredId};
use crate::timestamp::Timestamp;
use crate::wire::{Made, ResolveAnswer, ResolveRequest, StoredAnswer, StoredQuestion};
use core::time::Duration;
use proptest::prelude::*;
use serde_json::Value;

const RESPONSES: &str = "/v1/responses";
const JSON: &str = "application/json";
const NONE: &[u8] = b"";

/// A request of one of two tenants: `n`, and `m` by the operator's key.
fn request(tenant: &str, method: &str, path: &str, more: &[(&str, &str)]) -> HeaderList {
    let of_m = [("x-namespace", "m")];
    let (key, namespace) = match tenant {
        "n" => (KEY, &[][..]),
        _ => ("sk-admin", &of_m[..]),
    };
    let mut list = headers(path, key, &[namespace, more].concat());
    list[0].1 = method.into();
    list
}

fn asking(more: &str) -> Vec<u8> {
    format!(r#"{{"model":"small","input":"Hi","max_output_tokens":5{more}}}"#).into_bytes()
}

fn continuing(id: &str) -> Vec<u8> {
    asking(&format!(r#","previous_response_id":"{id}""#))
}

fn send(bench: &mut Bench, tenant: &str, body: &[u8]) -> (Exchange, Step) {
    let mut exchange = Exchange::default();
    let headers = request(tenant, "POST", RESPONSES, &[]);
    let step = bench.send(&mut exchange, &headers, body);
    (exchange, step)
}

/// A call whose answer is stored under an id.
fn make(bench: &mut Bench, tenant: &str, id: &str) -> Vec<Step> {
    let (mut exchange, step) = send(bench, tenant, &asking(""));
    assert_eq!(step.verdict, Verdict::Continue);
    finish(bench, &mut exchange, JSON, &[&answer_of(id)])
}

fn answer_of(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","status":"completed","conversation":{{"id":"conv_{id}"}},"output":[
            {{"type":"message","id":"msg_{id}","content":[{{"type":"output_text","text":"Ob"}}]}},
            {{"type":"code_interpreter_call","id":"ci_{id}","container_id":"cntr_{id}","code":"1"}},
            {{"type":"function_call","id":"fc_{id}","arguments":"{{\"id\":\"x\",\"file_id\":\"y\"}}"}}],
            "metadata":{{"id":"z","file_id":"z"}},
            "usage":{{"input_tokens":10,"output_tokens":1}}}}"#
    )
}

fn finish(bench: &mut Bench, exchange: &mut Exchange, kind: &str, chunks: &[&str]) -> Vec<Step> {
    let mut steps = vec![bench.answer(exchange, 200, kind)];
    for (at, chunk) in chunks.iter().enumerate() {
        let end = at + 1 == chunks.len();
        let chunk = chunk.as_bytes();
        steps.push(bench.step(exchange, Input::ResponseBody { chunk, end }));
    }
    steps.push(bench.step(exchange, Input::Closed));
    steps
}

fn may_use(bench: &mut Bench, tenant: &str, id: &str) -> bool {
    let (mut exchange, step) = send(bench, tenant, &continuing(id));
    let may = step.verdict == Verdict::Continue;
    if may {
        bench.step(&mut exchange, Input::Closed);
    } else {
        assert_eq!(reply(step).status, 404);
    }
    may
}

fn code(step: Step) -> (u16, String) {
    let reply = reply(step);
    let error = error(&reply);
    let code = error["reason"].as_str().or(error["code"].as_str());
    (reply.status, code.unwrap_or_default().to_owned())
}

#[test]
fn what_an_answer_stores_is_its_callers_and_nobody_elses() {
    let mut bench = Bench::standalone("", "");
    make(&mut bench, "n", "1");
    for id in ["1", "conv_1", "msg_1", "ci_1", "cntr_1", "fc_1"] {
        assert!(may_use(&mut bench, "n", id), "{id}");
        assert!(!may_use(&mut bench, "m", id), "{id}");
    }
    for id in ["x", "y", "z", "resp_never_made"] {
        assert!(
            !may_use(&mut bench, "n", id),
            "{id}: anybody can have that written"
        );
    }
    let named = [
        (r#","conversation":"conv_1""#, "conversation_not_found"),
        (
            r#","conversation":{"id":"conv_1"}"#,
            "conversation_not_found",
        ),
        (
            r#","previous_response_id":"resp_1""#,
            "previous_response_not_found",
        ),
        (
            r#","input":[{"type":"message","content":[{"type":"input_file","file_id":"file-1"}]}]"#,
            "file_not_found",
        ),
        (
            r#","tools":[{"type":"code_search","vector_store_ids":["vs_1"]}]"#,
            "stored_object_not_found",
        ),
    ];
    for (more, expected) in named {
        let body = asking(more);
        // An object has each name once.
        let body = String::from_utf8(body).unwrap();
        let body = match more.contains("\"input\"") {
            true => body.replacen(r#""input":"Hi","#, "", 1),
            false => body,
        };
        let (_, step) = send(&mut bench, "m", body.as_bytes());
        let refused = reply(step);
        assert_eq!(
            (refused.status, header(&refused, "x-should-retry")),
            (404, Some("false"))
        );
        let error = error(&refused);
        assert_eq!(
            (&error["code"], &error["scope"]),
            (&expected.into(), &"namespace:m".into())
        );
    }
    // A prompt is everybody's: its maker is the account's owner.
    let (_, step) = send(&mut bench, "m", &asking(r#","prompt":{"id":"pmpt_1"}"#));
    assert_eq!(step.verdict, Verdict::Continue);
}

#[test]
fn a_stream_may_be_continued_before_it_ends() {
    let mut bench = Bench::standalone("", "");
    let (mut exchange, _) = send(&mut bench, "n", &asking(r#","stream":true"#));
    bench.answer(&mut exchange, 200, "text/event-stream");
    let begun = b"data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n";
    bench.step(
        &mut exchange,
        Input::ResponseBody {
            chunk: begun,
            end: false,
        },
    );
    assert!(may_use(&mut bench, "n", "resp_1"));
    assert!(!may_use(&mut bench, "m", "resp_1"));
}

#[test]
fn every_dialect_is_told_in_its_own_words() {
    let mut bench = Bench::standalone("", "");
    let file = r#"{"model":"small","max_tokens":5,"messages":[{"role":"user","content":
        [{"type":"document","source":{"type":"file","file_id":"file_1"}}]}]}"#;
    let cache = r#"{"contents":[{"parts":[{"text":"Hi"}]}],"cachedContent":"cachedContents/c"}"#;
    let chat = r#"{"model":"small","messages":[{"role":"user","content":
        [{"type":"file","file":{"file_id":"file-1"}}]}]}"#;
    for (path, body, expected) in [
        ("/v1/messages", file, "file_not_found"),
        (
            "/v1beta/models/small:generateContent",
            cache,
            "cached_content_not_found",
        ),
        ("/v1/chat/completions", chat, "file_not_found"),
    ] {
        let mut exchange = Exchange::default();
        let headers = request("n", "POST", path, &[]);
        let step = bench.send(&mut exchange, &headers, body.as_bytes());
        let refused = reply(step);
        let error = error(&refused);
        let word = match path {
            "/v1/messages" => (&error["type"], "not_found_error"),
            "/v1/chat/completions" => (&error["type"], "invalid_request_error"),
            _ => (&error["status"], "NOT_FOUND"),
        };
        assert_eq!(word.0, word.1);
        let code = error["reason"].as_str().or(error["code"].as_str());
        assert_eq!((refused.status, code), (404, Some(expected)), "{path}");
        assert_eq!(error["scope"], "namespace:n");
    }
}

/// A gateway with a service, which knows its tenant.
fn asking_bench() -> Bench {
    let (mut bench, key, namespace) = Bench::leased("");
    let catalog = Bench::standalone("", "").worker.cache.catalog().cloned();
    let (_, step) = send(&mut bench, "n", &asking(""));
    let Some(Effect::Ask(Question::Resolve(request))) = step.effects.last() else {
        panic!("{step:?}");
    };
    let answer = ResolveAnswer {
        revision: 1,
        key: Some(key),
        namespaces: vec![namespace],
        catalog: catalog.map(|catalog| catalog.as_ref().clone()),
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(request, answer, NOW);
    bench
}

fn question(step: &Step) -> (ResolveRequest, StoredQuestion) {
    let Some(Effect::Ask(Question::Resolve(request))) = step.effects.last() else {
        panic!("{step:?}");
    };
    (request.clone(), request.stored.clone().unwrap())
}

/// Sends a request and has the service answer.
fn told(bench: &mut Bench, id: &str, own: bool, others: bool) -> Step {
    let (mut exchange, step) = send(bench, "n", &continuing(id));
    assert_eq!(step.verdict, Verdict::Wait);
    let (request, asked) = question(&step);
    assert_eq!(
        (asked.namespace.as_str(), &asked.ids[..]),
        ("n", &[StoredId::of(id)][..])
    );
    let ids = |is_so: bool| if is_so { asked.ids.clone() } else { Vec::new() };
    let answer = ResolveAnswer {
        revision: 1,
        stored: Some(StoredAnswer {
            own: ids(own),
            others: ids(others),
        }),
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(&request, answer, bench.now);
    bench.step(&mut exchange, Input::Answered { reached: true })
}

#[test]
fn what_this_envoy_has_not_seen_made_the_service_is_asked_once() {
    let mut bench = asking_bench();
    assert_eq!(
        told(&mut bench, "resp_1", true, false).verdict,
        Verdict::Continue
    );
    assert!(may_use(&mut bench, "n", "resp_1"), "remembered");
    let expected = (404, "previous_response_not_found".to_owned());
    assert_eq!(code(told(&mut bench, "resp_2", false, true)), expected);
    assert_eq!(code(told(&mut bench, "resp_3", false, false)), expected);
    for id in ["resp_2", "resp_3"] {
        assert!(!may_use(&mut bench, "n", id), "nobody asks again at once");
    }
    // An event may have been on its way.
    bench.now = bench.now.plus(Duration::from_secs(2));
    assert_eq!(
        told(&mut bench, "resp_3", true, false).verdict,
        Verdict::Continue
    );
    bench.now = bench.now.plus(Duration::from_secs(600));
    assert_eq!(
        told(&mut bench, "resp_1", true, false).verdict,
        Verdict::Continue
    );
}

#[test]
fn while_the_service_is_away_only_what_is_known_may_be_used() {
    let mut bench = asking_bench();
    let steps = make(&mut bench, "n", "1");
    let event = event(&steps);
    assert_eq!(event.stored[0], StoredId::of("1"), "the ledger is told");
    assert_eq!(event.stored.len(), 6);
    assert!(may_use(&mut bench, "n", "1"));
    let (mut exchange, step) = send(&mut bench, "n", &continuing("resp_2"));
    assert_eq!(question(&step).1.wait_ms, 1_500);
    let refused = bench.step(&mut exchange, Input::Answered { reached: false });
    assert_eq!(code(refused), (503, "accounting_unavailable".to_owned()));
}

#[test]
fn foreign_ids_may_be_allowed_but_not_those_of_another_namespace() {
    let mut bench = asking_bench();
    bench.worker.config.foreign_ids = ForeignIds::Allow;
    assert_eq!(
        told(&mut bench, "resp_1", false, false).verdict,
        Verdict::Continue
    );
    assert_eq!(code(told(&mut bench, "resp_2", false, true)).0, 404);
    let (mut exchange, step) = send(&mut bench, "n", &continuing("resp_3"));
    assert_eq!(question(&step).1.wait_ms, 0);
    let away = bench.step(&mut exchange, Input::Answered { reached: false });
    assert_eq!(away.verdict, Verdict::Continue);

    let mut bench = Bench::standalone("", "");
    bench.worker.config.foreign_ids = ForeignIds::Allow;
    make(&mut bench, "n", "resp_1");
    assert!(may_use(&mut bench, "m", "resp_2"));
    assert!(!may_use(&mut bench, "m", "resp_1"));
}

#[test]
fn one_question_is_for_all_that_a_request_names_and_they_are_bounded() {
    let mut bench = asking_bench();
    let ids = |count: usize| {
        let ids = (0..count).map(|n| format!(r#"{{"type":"item_reference","id":"msg_{n}"}}"#));
        ids.collect::<Vec<_>>().join(",")
    };
    let body = |count| format!(r#"{{"model":"small","input":[{}]}}"#, ids(count));
    bench.worker.config.max_request_bytes = 1 << 20;
    let (mut exchange, step) = send(&mut bench, "n", body(MOST_STORED).as_bytes());
    let (request, asked) = question(&step);
    assert_eq!(asked.ids.len(), MOST_STORED);
    let answer = ResolveAnswer {
        revision: 1,
        stored: Some(StoredAnswer {
            own: asked.ids,
            others: Vec::new(),
        }),
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(&request, answer, NOW);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(step.verdict, Verdict::Continue);
    let (_, step) = send(&mut bench, "n", body(MOST_STORED + 1).as_bytes());
    assert_eq!(code(step).0, 400);
}

fn let_pass(bench: &mut Bench, paths: &[&str]) {
    let rules = paths.iter().map(|path| PassThrough {
        path: (*path).to_owned(),
        upstream: "openai".to_owned(),
    });
    bench.worker.config.pass_through = rules.collect();
}

/// A request that passes through, and its answer's body.
fn pass(
    bench: &mut Bench,
    tenant: &str,
    line: &str,
    body: &[u8],
    answer: &str,
) -> Result<Vec<Step>, (u16, String)> {
    let (method, path) = line.split_once(' ').unwrap();
    let kind = match body.starts_with(b"--") {
        true => "multipart/form-data; boundary=x",
        false => JSON,
    };
    let headers = request(tenant, method, path, &[("content-type", kind)]);
    let mut exchange = Exchange::default();
    let step = bench.send(&mut exchange, &headers, body);
    match step.verdict {
        Verdict::Continue => {
            let mut steps = vec![step];
            steps.extend(finish(bench, &mut exchange, JSON, &[answer]));
            Ok(steps)
        }
        _ => Err(code(step)),
    }
}

#[test]
fn what_passes_through_is_its_makers_too() {
    let mut bench = Bench::standalone("", "");
    let_pass(
        &mut bench,
        &["/v1/files", "/v1/batches", "/v1/vector_stores", "/v1/audio"],
    );
    let refused = |status: u16, code: &str| Some((status, code.to_owned()));
    let form = b"--x\r\n".as_slice();
    pass(
        &mut bench,
        "n",
        "POST /v1/files",
        form,
        r#"{"id":"file-1","filename":"a"}"#,
    )
    .unwrap();
    let batch = br#"{"input_file_id":"file-1","endpoint":"/v1/responses"}"#.as_slice();
    pass(
        &mut bench,
        "n",
        "POST /v1/batches",
        batch,
        r#"{"id":"batch_1"}"#,
    )
    .unwrap();
    let done = r#"{"id":"batch_1","output_file_id":"file-2"}"#;
    pass(&mut bench, "n", "GET /v1/batches/batch_1", NONE, done).unwrap();
    for (tenant, line, body, expected) in [
        ("n", "GET /v1/files/file-1", NONE, None),
        ("n", "GET /v1/files/file-2/content", NONE, None),
        ("n", "DELETE /v1/files/file-1", NONE, None),
        (
            "m",
            "GET /v1/files/file-1",
            NONE,
            refused(404, "file_not_found"),
        ),
        (
            "m",
            "GET /v1/files/file-2/content",
            NONE,
            refused(404, "file_not_found"),
        ),
        (
            "m",
            "DELETE /v1/files/file-1",
            NONE,
            refused(404, "file_not_found"),
        ),
        (
            "m",
            "GET /v1/%66iles/file%2D1",
            NONE,
            refused(404, "not_found"),
        ),
        (
            "m",
            "GET /v1/files/%66ile-1",
            NONE,
            refused(404, "file_not_found"),
        ),
        (
            "m",
            "GET /v1/audio/../files/file-1",
            NONE,
            refused(404, "not_found"),
        ),
        (
            "m",
            "POST /v1/batches",
            batch,
            refused(404, "file_not_found"),
        ),
        (
            "m",
            "POST /v1/batches/batch_1/cancel",
            NONE,
            refused(404, "batch_not_found"),
        ),
        (
            "m",
            "POST /v1/batches",
            form,
            refused(400, "invalid_request_error"),
        ),
        (
            "m",
            "POST /v1/batches",
            b"{",
            refused(400, "invalid_request_error"),
        ),
        (
            "m",
            "GET /v1/files",
            NONE,
            refused(403, "endpoint_not_allowed"),
        ),
        (
            "n",
            "GET /v1/files?limit=9",
            NONE,
            refused(403, "endpoint_not_allowed"),
        ),
        (
            "m",
            "POST /v1/vector_stores/vs_9/files",
            br#"{"file_id":"file-1"}"#,
            refused(404, "stored_object_not_found"),
        ),
        ("m", "POST /v1/audio/voices", br#"{"input":"Hi"}"#, None),
        ("m", "POST /v1/audio/voices", b"no JSON", None),
    ] {
        let got = pass(&mut bench, tenant, line, body, "{}").err();
        assert_eq!(got, expected, "{tenant}: {line}");
    }
    bench.worker.config.foreign_ids = ForeignIds::Allow;
    assert!(pass(&mut bench, "m", "GET /v1/files", NONE, "{}").is_ok());
    assert!(pass(&mut bench, "m", "GET /v1/files/file-9", NONE, "{}").is_ok());
    assert!(pass(&mut bench, "m", "GET /v1/files/file-1", NONE, "{}").is_err());
}

#[test]
fn what_passed_through_is_told_without_an_event() {
    let mut bench = asking_bench();
    let_pass(&mut bench, &["/v1/files"]);
    let file = r#"{"id":"file-1","metadata":{"id":"file-9"}}"#;
    let steps = pass(&mut bench, "n", "POST /v1/files", b"--x", file).unwrap();
    let told = steps.iter().flat_map(|step| &step.effects);
    let told: Vec<Made<'_>> = told
        .filter_map(|effect| match effect {
            Effect::Emit(json) => Some(serde_json::from_slice(json).unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&*told[0].made_by, &told[0].stored[..]),
        ("n", &[StoredId::of("file-1")][..])
    );
    assert!(pass(&mut bench, "n", "GET /v1/files/file-1", NONE, "{}").is_ok());
    // An answer of any length passes; what a long one stored is not known, and the log says so.
    let long = format!(r#"{{"id":"file-2","x":"{}"}}"#, "x".repeat(70_000));
    let steps = pass(&mut bench, "n", "POST /v1/files", b"--x", &long).unwrap();
    let effects: Vec<&Effect> = steps.iter().flat_map(|step| &step.effects).collect();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Log(..)))
    );
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Emit(_)))
    );
}

/// The body waits for the service to know the path's object, and the other way round.
#[test]
fn a_request_that_passes_through_asks_for_its_path_and_its_body_together() {
    let mut bench = asking_bench();
    let_pass(&mut bench, &["/v1/vector_stores"]);
    let path = "/v1/vector_stores/vs_1/files";
    let headers = request("n", "POST", path, &[("content-type", JSON)]);
    let mut exchange = Exchange::default();
    let body = br#"{"file_id":"file-1"}"#;
    let step = bench.send(&mut exchange, &headers, body);
    let (request, asked) = question(&step);
    assert_eq!(asked.ids, [StoredId::of("vs_1"), StoredId::of("file-1")]);
    let answer = ResolveAnswer {
        revision: 1,
        stored: Some(StoredAnswer {
            own: asked.ids,
            others: Vec::new(),
        }),
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(&request, answer, NOW);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(step.verdict, Verdict::Continue);
    assert!(exchange.passes_request());
}

#[test]
fn a_refusal_for_what_is_stored_is_reported_as_others_are() {
    let mut bench = asking_bench();
    let step = told(&mut bench, "resp_1", false, true);
    let counter = "paddock_refusals_total;ns=n;reason=previous_response_not_found";
    assert_eq!(bench.counted(counter), 1);
    let event = event(core::slice::from_ref(&step));
    assert_eq!(event.code.as_deref(), Some("previous_response_not_found"));
    assert_eq!(event.refused_by.as_deref(), Some("namespace:n"));
    let text = serde_json::to_string(&event).unwrap();
    assert!(!text.contains("resp_1"), "{text}");
    let message: Value = serde_json::from_slice(&reply(step).body).unwrap();
    let message = message["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("'resp_1'") && message.contains("foreign_ids"),
        "{message}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever two tenants make and name, in whatever order: each may use what it alone made, and
    /// nothing that it did not make.
    #[test]
    fn nobody_uses_what_another_made(
        steps in prop::collection::vec((any::<bool>(), any::<bool>(), 0u8..4, any::<bool>()), 0..24),
    ) {
        let mut bench = Bench::standalone("", "");
        let_pass(&mut bench, &["/v1/files"]);
        let mut makers: [Vec<&str>; 4] = Default::default();
        for (is_n, makes, object, is_file) in steps {
            let tenant = if is_n { "n" } else { "m" };
            let id = format!("object_{object}");
            let made = &mut makers[usize::from(object)];
            if makes {
                if !made.contains(&tenant) {
                    made.push(tenant);
                }
                if is_file {
                    let answer = format!(r#"{{"id":"{id}"}}"#);
                    pass(&mut bench, tenant, "POST /v1/files", b"--x", &answer).unwrap();
                } else {
                    make(&mut bench, tenant, &id);
                }
            } else {
                let line = format!("GET /v1/files/{id}");
                let may = match is_file {
                    true => pass(&mut bench, tenant, &line, NONE, "{}").is_ok(),
                    false => may_use(&mut bench, tenant, &id),
                };
                prop_assert_eq!(may, made[..] == [tenant], "{} of {:?}", tenant, made);
            }
        }
        prop_assert!(bench.now == Timestamp::from_secs(1_800_000_000));
    }
}
