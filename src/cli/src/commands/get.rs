//! `paddock get`: lists objects, or shows one.

use crate::completion;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::kind::{Kind, Owner};
use crate::listing::{self, Arrangement};
use crate::output::{self, Output};
use clap_complete::engine::ArgValueCompleter;
use paddock_server::config::file::ConfigFile;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    arrangement: Arrangement,
    /// The kind of object.
    kind: Kind,
    /// Only this object: its name, or for a key its id or NAMESPACE/NAME.
    #[arg(add = ArgValueCompleter::new(completion::objects))]
    name: Option<String>,
    /// Only objects of this namespace. Required for users, webhooks, alerts, reservations and
    /// credits.
    #[arg(long, short, add = ArgValueCompleter::new(completion::namespaces))]
    namespace: Option<String>,
    /// The organization of budgets; roles with the changes that this organization made to them.
    #[arg(long, add = ArgValueCompleter::new(completion::organizations))]
    organization: Option<String>,
}

/// Shows one or all.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let owner = Owner {
        namespace: options.namespace.as_deref(),
        organization: options.organization.as_deref(),
    };
    options.kind.check(owner)?;
    let client = options.connection.open_for_lists(file)?;
    let form = options.connection.output;
    let kind = options.kind;
    let Some(name) = &options.name else {
        let all = kind.all(&client, owner)?;
        options.arrangement.print(kind, all, form)?;
        return Ok(Exit::Done);
    };
    let found = kind.one(&client, owner, name)?;
    match form {
        Output::Csv | Output::Name | Output::Wide => {
            options.arrangement.print(kind, vec![found], form)?;
        }
        Output::Table => output::print(&listing::sheet(&found))?,
        Output::Json | Output::Yaml => form.print_value(&found)?,
    }
    Ok(Exit::Done)
}
