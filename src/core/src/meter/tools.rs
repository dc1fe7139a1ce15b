//! The calls of tools that the provider runs.
//!
//! Providers tell of them in their usage, as items of the answer, or both; each source alone may be
//! cut short, so the largest count of a tool holds.
//!
//! <https://platform.openai.com/docs/guides/tools-web-search>: a `web_search_call` item is one
//! action, and only a `search` is charged, not `open_page` nor `find_in_page`. A response also has
//! `tool_usage` with `web_search.num_requests`.
//! <https://docs.claude.com/en/docs/agents-and-tools/tool-use/web-search-tool>: `server_tool_use`.
//! <https://docs.x.ai/docs/guides/tools/overview>: `server_side_tool_usage_details`;
//! <https://docs.x.ai/docs/guides/live-search>: `num_sources_used`, each charged.
//! <https://docs.perplexity.ai/api-reference/chat-completions-post>: `num_search_queries`.
//! <https://ai.google.dev/gemini-api/docs/google-search>: up to Gemini 2.5 a grounded prompt is
//! charged, from Gemini 3 each query that is not empty.

use super::value::Value;
use crate::usage::{Tool, ToolCalls};

/// Calls by what told of them.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// By usage objects, citations and the like.
    told: ToolCalls,
    /// By the items of the answer, when each was begun and when it was done.
    begun: ToolCalls,
    done: ToolCalls,
    /// By the items of the whole answer.
    whole: ToolCalls,
    /// Searches whose results are in the answer.
    queries: u64,
    grounded: bool,
}

/// What one document tells of them.
#[derive(Debug, Default)]
pub(super) struct Items {
    calls: ToolCalls,
    /// Web search items that were no searches.
    pages: u64,
    whole: bool,
    queries: u64,
}

impl Items {
    /// An item of that type.
    pub(super) fn item(&mut self, item_type: &[u8], whole: bool) {
        let tool = match item_type {
            b"web_search_call" => Tool::WebSearch,
            b"file_search_call" => Tool::FileSearch,
            b"code_interpreter_call" => Tool::CodeInterpreter,
            b"image_generation_call" => Tool::ImageGeneration,
            _ => return,
        };
        self.calls.add(tool, 1);
        self.whole |= whole;
    }

    /// What a web search did.
    pub(super) fn action(&mut self, action: &[u8]) {
        if matches!(action, b"open_page" | b"find_in_page") {
            self.pages = self.pages.saturating_add(1);
        }
    }

    /// Something was searched for.
    pub(super) fn query(&mut self) {
        self.queries = self.queries.saturating_add(1);
    }
}

impl Tools {
    /// A document has ended, whose item has only begun, or is done.
    pub(super) fn add(&mut self, items: &Items, begun: bool) {
        self.queries = self.queries.max(items.queries);
        let (sum, adds) = match (items.whole, begun) {
            (true, _) => (&mut self.whole, false),
            (false, true) => (&mut self.begun, true),
            (false, false) => (&mut self.done, true),
        };
        for (tool, calls) in items.calls.iter() {
            let calls = match tool {
                Tool::WebSearch => calls.saturating_sub(items.pages),
                _ => calls,
            };
            match adds {
                true => sum.add(tool, calls),
                false => sum.raise(tool, calls),
            }
        }
    }

    /// The answer cites pages of the web: it was searched once at least.
    pub(super) fn cited(&mut self) {
        self.told.raise(Tool::WebSearch, 1);
    }

    /// The answer rests on pages that were searched for.
    pub(super) fn grounded(&mut self) {
        self.grounded = true;
    }

    /// Takes a member of a `usage` or `tool_usage` object, if it counts calls.
    pub(super) fn count(&mut self, key: &[u8], value: Value<'_>) {
        match key {
            b"num_search_queries" | b"num_sources_used" => {
                self.raise(Tool::WebSearch, value.count());
            }
            b"server_tool_use" | b"server_side_tool_usage_details" => {
                let mut calls = ToolCalls::NONE;
                for (key, value) in value.members() {
                    if let (Some(tool), Some(count)) = (told_tool(key), value.count()) {
                        calls.add(tool, count);
                    }
                }
                for (tool, count) in calls.iter() {
                    self.raise(tool, Some(count));
                }
            }
            b"web_search" => {
                let member = value.members().find(|(key, _)| *key == b"num_requests");
                self.raise(Tool::WebSearch, member.and_then(|(_, value)| value.count()));
            }
            _ => {}
        }
    }

    fn raise(&mut self, tool: Tool, count: Option<u64>) {
        self.told.raise(tool, count.unwrap_or(0));
    }

    /// All calls of an answer by a model, which is complete or not.
    pub(super) fn calls(&self, model: Option<&str>, complete: bool) -> ToolCalls {
        let mut calls = self.told;
        let begun = if complete {
            ToolCalls::NONE
        } else {
            self.begun
        };
        for source in [begun, self.done, self.whole] {
            for (tool, count) in source.iter() {
                calls.raise(tool, count);
            }
        }
        if self.grounded || self.queries > 0 {
            let by_prompt = model.is_some_and(is_charged_by_prompt);
            let count = if by_prompt { 1 } else { self.queries.max(1) };
            calls.raise(Tool::Grounding, count);
        }
        calls
    }
}

/// The tool that a member of such an object counts.
fn told_tool(key: &[u8]) -> Option<Tool> {
    Some(match key {
        b"web_search_requests" | b"web_search_calls" | b"x_search_calls" => Tool::WebSearch,
        b"web_fetch_requests" => Tool::WebFetch,
        b"code_execution_requests" | b"code_interpreter_calls" => Tool::CodeInterpreter,
        b"file_search_calls" | b"document_search_calls" => Tool::FileSearch,
        b"image_generation_calls" => Tool::ImageGeneration,
        _ => return None,
    })
}

/// Whether Google charges a grounded prompt of that model and not its queries.
fn is_charged_by_prompt(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.starts_with("gemini-1") || name.starts_with("gemini-2")
}
