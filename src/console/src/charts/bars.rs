//! Stacked bars over time.

use super::{at, ceiling};
use crate::format::{rows, step, text};
use crate::html::table;
use maud::{Markup, html};
use serde_json::Value;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
/// Half of the last bar's label.
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 10.0;
/// Lines of the grid above the lowest one.
const LINES: u32 = 4;
/// Colours there are; the last one is for all others.
const COLOURS: usize = 10;

/// How a chart is told.
pub struct Shape<'a> {
    /// What it shows.
    pub title: &'a str,
    /// How a value is written in few characters.
    pub short: fn(f64) -> String,
    /// How a value is written in full.
    pub full: fn(f64) -> String,
}

/// One layer of the bars.
struct Layer<'a> {
    name: String,
    class: String,
    points: Vec<f64>,
    total: f64,
    id: &'a str,
}

fn points(of: &Value, name: &str) -> Vec<f64> {
    rows(of, name).iter().filter_map(Value::as_f64).collect()
}

fn layers(series: &Value) -> Vec<Layer<'_>> {
    let mut layers: Vec<Layer<'_>> = rows(series, "groups")
        .iter()
        .enumerate()
        .map(|(place, group)| {
            let name = match group.get("namespace").and_then(Value::as_str) {
                Some(namespace) => format!("{} ({namespace})", text(group, "name")),
                None => text(group, "name").to_owned(),
            };
            let points = points(group, "points");
            Layer {
                name,
                class: format!("c{}", place.min(COLOURS)),
                total: points.iter().sum(),
                points,
                id: text(group, "id"),
            }
        })
        .collect();
    let others = points(series, "others");
    let total: f64 = others.iter().sum();
    if total > 0.0 {
        layers.push(Layer {
            name: "All others".to_owned(),
            class: "others".to_owned(),
            points: others,
            total,
            id: "",
        });
    }
    layers
}

/// The answer of `/v1/usage/series` as stacked bars, with its legend and its table. `link` is where a group
/// leads, if it leads anywhere.
pub fn stacked_bars(
    series: &Value,
    shape: &Shape<'_>,
    link: impl Fn(&str) -> Option<String>,
) -> Markup {
    let steps: Vec<&str> = rows(series, "steps")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let layers = layers(series);
    let sums: Vec<f64> = (0..steps.len())
        .map(|place| {
            layers
                .iter()
                .filter_map(|layer| layer.points.get(place))
                .sum()
        })
        .collect();
    let most = sums.iter().copied().fold(0.0, f64::max);
    let all: f64 = layers.iter().map(|layer| layer.total).sum();
    let is_hourly = steps
        .get(..2)
        .is_some_and(|pair| pair.iter().any(|at| !at.contains("T00:00:00")));
    let summary = format!("{}: {} in all.", shape.title, (shape.full)(all));
    html! {
        figure.chart {
            figcaption.unseen { (summary) }
            @if all > 0.0 {
                div.scroll tabindex="0" role="region" aria-label=(shape.title) {
                    (drawing(&steps, &layers, ceiling(most), is_hourly, shape, &summary))
                }
                ul.legend {
                    @for layer in &layers {
                        li {
                            svg.key viewBox="0 0 10 10" aria-hidden="true" {
                                rect class=(layer.class) width="10" height="10" rx="2" {}
                            }
                            @match link(layer.id).filter(|_| !layer.id.is_empty()) {
                                Some(link) => a href=(link) { (layer.name) },
                                None => span { (layer.name) },
                            }
                            span.quiet { ((shape.short)(layer.total)) }
                        }
                    }
                }
                details {
                    summary { "As a table" }
                    (as_table(&steps, &layers, &sums, is_hourly, shape))
                }
            } @else {
                p.empty { "Nothing was used in this time." }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on a picture")]
fn drawing(
    steps: &[&str],
    layers: &[Layer<'_>],
    top: f64,
    is_hourly: bool,
    shape: &Shape<'_>,
    summary: &str,
) -> Markup {
    let height = HEIGHT - BOTTOM - TOP;
    let slot = (WIDTH - LEFT - RIGHT) / steps.len().max(1) as f64;
    let width = (slot * 0.78).min(46.0);
    let y = |value: f64| TOP + height * (1.0 - value / top);
    let every = steps.len().div_ceil(12).max(1);
    html! {
        svg.bars viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(summary) {
            @for line in 0..=LINES {
                @let value = top * f64::from(line) / f64::from(LINES);
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(at(y(value))) y2=(at(y(value))) {}
                text x=(LEFT - 8.0) y=(at(y(value) + 4.0)) text-anchor="end" { ((shape.short)(value)) }
            }
            @for (place, start) in steps.iter().enumerate() {
                @let left = LEFT + slot * place as f64 + (slot - width) / 2.0;
                @let label = step(start, is_hourly);
                g.bar {
                    rect.slot x=(at(LEFT + slot * place as f64)) y=(at(TOP)) width=(at(slot)) height=(at(height)) {}
                    @for (class, from, to, name, value) in stack(layers, place) {
                        rect class=(class) x=(at(left)) y=(at(y(to))) width=(at(width))
                            height=(at((y(from) - y(to)).max(0.0))) {
                            title { (label) ", " (name) ": " ((shape.full)(value)) }
                        }
                    }
                }
                @if place.is_multiple_of(every) {
                    text x=(at(left + width / 2.0)) y=(at(HEIGHT - 8.0)) text-anchor="middle" { (label) }
                }
            }
        }
    }
}

/// The pieces of one bar from the ground up: class, lower and upper end, name, value.
fn stack<'a>(layers: &'a [Layer<'_>], place: usize) -> Vec<(&'a str, f64, f64, &'a str, f64)> {
    let mut pieces = Vec::new();
    let mut ground = 0.0;
    for layer in layers {
        let value = layer.points.get(place).copied().unwrap_or_default();
        if value > 0.0 {
            let top = ground + value;
            pieces.push((
                layer.class.as_str(),
                ground,
                top,
                layer.name.as_str(),
                value,
            ));
            ground = top;
        }
    }
    pieces
}

fn as_table(
    steps: &[&str],
    layers: &[Layer<'_>],
    sums: &[f64],
    is_hourly: bool,
    shape: &Shape<'_>,
) -> Markup {
    let names: Vec<String> = layers
        .iter()
        .map(|layer| format!("#{}", layer.name))
        .collect();
    let mut columns = vec![if is_hourly { "Hour (UTC)" } else { "Day (UTC)" }];
    columns.extend(names.iter().map(String::as_str));
    columns.push("#All");
    let rows: Vec<Vec<Markup>> = steps
        .iter()
        .enumerate()
        .map(|(place, start)| {
            let moment = start.replace('T', " ").replace(":00Z", "");
            let shown = if is_hourly {
                moment
            } else {
                start.chars().take(10).collect()
            };
            let mut row = vec![html! { (shown) }];
            let full = |value: Option<&f64>| {
                let value = value.copied().unwrap_or_default();
                html! { ((shape.full)(value)) }
            };
            row.extend(layers.iter().map(|layer| full(layer.points.get(place))));
            row.push(full(sums.get(place)));
            row
        })
        .collect();
    table(shape.title, &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{dollars, short_dollars};
    use serde_json::json;

    fn drawn(series: &Value) -> String {
        let shape = Shape {
            title: "Spend",
            short: short_dollars,
            full: dollars,
        };
        stacked_bars(series, &shape, |id| Some(format!("/x/{id}"))).into_string()
    }

    #[test]
    fn bars_stand_on_each_other_and_are_in_the_table() {
        let svg = drawn(&json!({
            "steps": ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"],
            "groups": [
                { "id": "a", "name": "a", "points": [1.0, 2.0] },
                { "id": "b", "name": "b", "points": [3.0, 0.0] },
            ],
            "others": [0.0, 2.0],
        }));
        // The highest bar is as high as the axis: 4 dollars are 222 units.
        assert!(svg.contains(r#"class="c0" x="#), "{svg}");
        assert!(
            svg.contains(r#"height="55.5""#) && svg.contains(r#"height="166.5""#),
            "{svg}"
        );
        assert!(svg.contains("Mar 1, b: $3.00"), "{svg}");
        assert!(svg.contains("All others"), "{svg}");
        assert_eq!(
            svg.matches("<td class=\"num\">$4.00</td>").count(),
            2,
            "{svg}"
        );
        assert!(svg.contains(r#"<a href="/x/a">a</a>"#), "{svg}");
    }

    #[test]
    fn names_are_texts_and_nothing_is_no_chart() {
        let name = "</title><script>alert(1)</script>\"'";
        let svg = drawn(&json!({
            "steps": ["2026-03-01T00:00:00Z"],
            "groups": [{ "id": name, "name": name, "points": [1.0] }],
        }));
        assert!(!svg.contains("<script"), "{svg}");
        assert!(drawn(&json!({ "steps": [], "groups": [] })).contains("Nothing was used"));
    }
}
