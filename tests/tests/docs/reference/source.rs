//! Tables of fields and words, from the comments beside them in the source.

use super::{code, table};
use anyhow::Context;
use paddock_local::root;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::path::Path;
use syn::{Attribute, Expr, Field, Item, ItemEnum, ItemStruct, Lit, LitStr, Meta};

/// The fields of a struct, and what their comments say.
pub fn fields(path: &str, name: &str) -> anyhow::Result<String> {
    let found = structure(path, name)?;
    let rows = found.fields.iter().map(|field| {
        let name = field.ident.as_ref().map(ToString::to_string);
        [code(&name.unwrap_or_default()), comment(&field.attrs)]
    });
    Ok(table(["field", "meaning"], rows))
}

/// The names of a struct's fields.
pub fn field_names(path: &str, name: &str) -> anyhow::Result<Vec<String>> {
    let found = structure(path, name)?;
    let own = found.fields.iter().filter(|field| !is_flattened(field));
    let names = own.filter_map(|field| field.ident.as_ref());
    Ok(names.map(ToString::to_string).collect())
}

/// Whether a field stands for the fields of its type, so that its own name is never written.
fn is_flattened(field: &Field) -> bool {
    let mut flattened = false;
    for attribute in field.attrs.iter().filter(|it| it.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            flattened |= meta.path.is_ident("flatten");
            Ok(())
        });
    }
    flattened
}

fn structure(path: &str, name: &str) -> anyhow::Result<ItemStruct> {
    let found = items(path)?.into_iter().find_map(|item| match item {
        Item::Struct(found) if found.ident == name => Some(found),
        _ => None,
    });
    found.with_context(|| format!("{path} has no struct {name}"))
}

/// The words of an enum in snake case, and what their comments say.
pub fn words(path: &str, name: &str) -> anyhow::Result<String> {
    let found = items(path)?.into_iter().find_map(|item| match item {
        Item::Enum(found) if found.ident == name => Some(found),
        _ => None,
    });
    let found: ItemEnum = found.with_context(|| format!("{path} has no enum {name}"))?;
    let rows = found.variants.iter().map(|variant| {
        let name = snake_case(&variant.ident.to_string());
        [code(&name), comment(&variant.attrs)]
    });
    Ok(table(["word", "meaning"], rows))
}

fn items(path: &str) -> anyhow::Result<Vec<Item>> {
    let text = std::fs::read_to_string(root().join(path)).context(path.to_owned())?;
    Ok(syn::parse_file(&text).context(path.to_owned())?.items)
}

/// The text literals of a file, those within macros too; not those of its tests.
pub fn literals(path: &Path) -> anyhow::Result<Vec<String>> {
    let context = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(context)?;
    let items = syn::parse_file(&text).with_context(context)?.items;
    let mut found = Vec::new();
    for item in items.iter().filter(|item| !is_test(item)) {
        collect(item.to_token_stream(), &mut found);
    }
    Ok(found)
}

fn is_test(item: &Item) -> bool {
    let Item::Mod(module) = item else {
        return false;
    };
    module
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg"))
}

fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse2::<LitStr>(TokenTree::Literal(literal).into()) {
                    found.push(text.value());
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(literal) = &pair.value else {
            return None;
        };
        match &literal.lit {
            Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value().trim().to_owned()),
            _ => None,
        }
    });
    let lines: Vec<String> = lines.collect();
    lines.join(" ").trim_end_matches('.').to_owned()
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
