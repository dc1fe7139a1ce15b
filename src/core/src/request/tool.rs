//! Tools that the provider runs, told by what a body calls them.

use crate::usage::Tool;

/// Calls of a tool, and of a model beside the body's own, that sets no bound: more is rare within
/// one answer, and the providers' own defaults are near it
/// (<https://docs.claude.com/en/docs/agents-and-tools/tool-use/web-search-tool#max-uses>).
pub(super) const CALLS_OF_UNBOUNDED: u64 = 10;

/// What a tool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToolKind {
    /// The caller runs it; its parameters are a JSON schema.
    Function,
    /// The provider runs it, for a fee.
    Provider(Tool),
    /// The provider runs a model for it, which the body must name.
    Model,
    /// Nobody takes a fee per call: MCP servers, computer use, shells and editors on the caller's
    /// machine, and whatever is not known
    /// (<https://platform.openai.com/docs/guides/tools-connectors-mcp>,
    /// <https://docs.claude.com/en/docs/agents-and-tools/tool-use/computer-use-tool>). Code that
    /// Gemini runs costs its tokens alone
    /// (<https://ai.google.dev/gemini-api/docs/code-execution#billing>).
    Free,
}

/// The kind of a tool by its `type`, or of a plugin by its `id`. Versions follow an underscore
/// (Anthropic: `web_search_20250305`, OpenAI: `web_search_preview_2025_03_11`), and gateways put
/// their own name before a colon (`openrouter:web_search`).
pub(super) fn kind_of_tool(name: &str) -> ToolKind {
    let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if begins(&["web_search"]) {
        return ToolKind::Provider(Tool::WebSearch);
    }
    if begins(&["web_fetch"]) {
        return ToolKind::Provider(Tool::WebFetch);
    }
    if begins(&["code_interpreter", "code_execution"]) {
        return ToolKind::Provider(Tool::CodeInterpreter);
    }
    if begins(&["image_generation"]) {
        return ToolKind::Provider(Tool::ImageGeneration);
    }
    if begins(&["advisor", "subagent", "fusion"]) {
        return ToolKind::Model;
    }
    match name {
        "function" | "custom" => ToolKind::Function,
        // OpenRouter's plugin, xAI's, Groq's and Moonshot's tools.
        "web" | "x_search" | "live_search" | "browser_search" | "builtin_function" => {
            ToolKind::Provider(Tool::WebSearch)
        }
        // OpenAI's, xAI's, Mistral's.
        "file_search" | "collections_search" | "document_library" => {
            ToolKind::Provider(Tool::FileSearch)
        }
        _ => ToolKind::Free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_known_in_every_version() {
        use Tool::{CodeInterpreter, FileSearch, ImageGeneration, WebFetch, WebSearch};
        for (name, tool) in [
            ("web_search", WebSearch),
            ("web_search_preview", WebSearch),
            ("web_search_preview_2025_03_11", WebSearch),
            ("web_search_20260318", WebSearch),
            ("openrouter:web_search", WebSearch),
            ("x_search", WebSearch),
            ("file_search", FileSearch),
            ("code_interpreter", CodeInterpreter),
            ("code_execution_20260521", CodeInterpreter),
            ("image_generation", ImageGeneration),
            ("web_fetch_20250910", WebFetch),
        ] {
            assert_eq!(kind_of_tool(name), ToolKind::Provider(tool), "{name}");
        }
        for name in ["advisor_20260301", "openrouter:advisor"] {
            assert_eq!(kind_of_tool(name), ToolKind::Model, "{name}");
        }
        for name in [
            "mcp",
            "mcp_toolset",
            "computer_20251124",
            "bash_20250124",
            "",
            ":",
        ] {
            assert_eq!(kind_of_tool(name), ToolKind::Free, "{name}");
        }
        assert_eq!(kind_of_tool("function"), ToolKind::Function);
    }
}
