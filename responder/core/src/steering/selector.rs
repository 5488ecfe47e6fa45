//! Selectors of endpoint labels: `key`, `key=value`, `key!=value`.

use std::collections::BTreeMap;

/// Which endpoints a fence is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selector {
    Has(String),
    Is(String, String),
    /// Also true of an endpoint without the label.
    IsNot(String, String),
}

impl Selector {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (key, selector) = if let Some((key, value)) = text.split_once("!=") {
            (key, Self::IsNot(key.to_owned(), value.to_owned()))
        } else if let Some((key, value)) = text.split_once('=') {
            (key, Self::Is(key.to_owned(), value.to_owned()))
        } else {
            (text, Self::Has(text.to_owned()))
        };
        match key {
            "" => Err(format!(
                "\"{text}\" is not a selector; write key, key=value or key!=value"
            )),
            _ => Ok(selector),
        }
    }

    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Has(key) => labels.contains_key(key),
            Self::Is(key, value) => labels.get(key) == Some(value),
            Self::IsNot(key, value) => labels.get(key) != Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_looks_at_one_label() {
        let labels = BTreeMap::from([("tier".to_owned(), "gpu".to_owned())]);
        for (text, matches) in [
            ("tier", true),
            ("colour", false),
            ("tier=gpu", true),
            ("tier=cpu", false),
            ("tier!=gpu", false),
            ("tier!=cpu", true),
            ("colour!=red", true),
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), matches, "{text}");
        }
    }

    #[test]
    fn a_selector_needs_a_key() {
        for text in ["", "=gpu", "!=gpu"] {
            let error = Selector::parse(text).unwrap_err();
            assert!(error.ends_with("write key, key=value or key!=value"));
        }
    }
}
