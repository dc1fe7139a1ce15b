//! What pages are made of.

use crate::api::Refusal;
pub use crate::frame::notice;
use crate::params::Params;
use crate::session::TOKEN_FIELD;
use crate::visitor::Visitor;
use maud::{Markup, html};

/// A headed part of a page.
pub fn card(title: &str, body: &Markup) -> Markup {
    html! {
        section.card {
            h2 { (title) }
            (body)
        }
    }
}

/// A number that stands for itself.
pub fn stat(label: &str, value: &str, note: &Markup) -> Markup {
    html! {
        div.stat {
            dt { (label) }
            dd { strong { (value) } (note) }
        }
    }
}

/// A refusal, where there is one.
pub fn refusal(refusal: Option<&Refusal>) -> Markup {
    html! {
        @if let Some(refusal) = refusal {
            (notice("error", &refusal.message))
        }
    }
}

/// A table that scrolls within itself where the page is narrow. Names of columns that hold numbers begin
/// with `#`.
pub fn table(caption: &str, columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    let is_number = |place: usize| {
        let column = columns.get(place);
        column.is_some_and(|column| column.starts_with('#'))
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption.unseen { (caption) }
                thead {
                    tr {
                        @for (place, column) in columns.iter().enumerate() {
                            th scope="col" .num[is_number(place)] { (column.trim_start_matches('#')) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                td .num[is_number(place)] { (cell) }
                            }
                        }
                    }
                }
            }
        }
        @if rows.is_empty() {
            p.quiet { "There is nothing here yet." }
        }
    }
}

/// A field of a form.
pub struct Field<'a> {
    /// What it is called.
    pub label: &'a str,
    /// Its name in the API.
    pub name: &'a str,
    /// What is filled in.
    pub value: &'a str,
    /// `text`, `number`, `password`, `date`, `url` or `email`.
    pub kind: &'a str,
    /// What it means if it stays empty, or what it must look like.
    pub hint: &'a str,
    /// Whether it must be filled in.
    pub required: bool,
}

/// An input with its label and its hint.
pub fn input(field: &Field<'_>) -> Markup {
    let id = format!("field-{}", field.name);
    let hint = format!("{id}-hint");
    html! {
        div.field {
            label for=(id) {
                (field.label)
                @if field.required { span.quiet { " (required)" } }
            }
            input id=(id) name=(field.name) type=(field.kind) value=(field.value)
                required[field.required] autocomplete="off"
                step=[(field.kind == "number").then_some("any")]
                aria-describedby=[(!field.hint.is_empty()).then_some(&hint)];
            @if !field.hint.is_empty() {
                small id=(hint) { (field.hint) }
            }
        }
    }
}

/// A choice with its label: values and what they are called.
pub fn select(label: &str, name: &str, chosen: &str, choices: &[(&str, &str)]) -> Markup {
    let id = format!("field-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for (value, shown) in choices {
                    option value=(value) selected[*value == chosen] { (shown) }
                }
            }
        }
    }
}

/// A form that changes something.
pub fn form(visitor: &Visitor, action: &str, button: &str, fields: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
            (fields)
            div.actions { button type="submit" { (button) } }
        }
    }
}

/// A button that changes something at once. `kind` is `plain` or `danger`.
pub fn button(visitor: &Visitor, action: &str, label: &str, kind: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
            button type="submit" class=(kind) { (label) }
        }
    }
}

/// The bar above a list that narrows it.
pub fn filters(action: &str, fields: &Markup) -> Markup {
    html! {
        form.filters method="get" action=(action) role="search" {
            (fields)
            button type="submit" { "Show" }
            a.quiet href=(action) { "Reset" }
        }
    }
}

/// How much of a limit is used. Above four fifths it warns, and above all of it alarms.
pub fn meter(used: f64, limit: f64) -> Markup {
    let share = if limit > 0.0 { used / limit } else { 1.0 };
    let kind = match share {
        share if share >= 1.0 => "full",
        share if share >= 0.8 => "near",
        _ => "fine",
    };
    let width = format!("{:.1}", share.clamp(0.0, 1.0) * 100.0);
    let label = format!("{:.0} % used", share * 100.0);
    html! {
        svg.meter viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect.track width="100" height="6" rx="3" {}
            rect class=(kind) width=(width) height="6" rx="3" {}
        }
    }
}

/// A word with a colour.
pub fn badge(kind: &str, word: &str) -> Markup {
    html! { span class={ "badge " (kind) } { (word) } }
}

/// The times that reports can be of.
pub const PERIODS: [(&str, &str); 6] = [
    ("1d", "Today and yesterday"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("90d", "Last 90 days"),
    ("current_month", "This month"),
    ("previous_month", "Last month"),
];

/// Links to other pages of a list: `next` are the parameters of the next one.
pub fn next_page(path: &str, params: &Params, keep: &[&str], next: Option<(&str, &str)>) -> Markup {
    html! {
        @if let Some((name, value)) = next {
            nav.pages aria-label="Pages" {
                a href=(params.query(keep).with(name, value).on(path)) rel="next" { "Next page" }
            }
        }
    }
}
