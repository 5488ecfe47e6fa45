//! Selectors of endpoint labels: `key`, `key=value`, `key!=value`, and `key>=7`, `key<=7`, `key>7`, `key<7` of numbers.

use std::collections::BTreeMap;

/// Which endpoints a step is about.
#[derive(Debug, PartialEq)]
pub(super) struct Selector {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq)]
enum Test {
    Present,
    Is(String),
    /// Also true of an endpoint without the label.
    IsNot(String),
    /// False of a label that is no number.
    Compares(Comparison, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
}

const COMPARISONS: [(&str, Comparison); 4] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Above),
    ("<", Comparison::Below),
];

impl Selector {
    /// The error is a sentence without subject: what is wrong with `text`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let operator = text.find(['=', '!', '<', '>']).unwrap_or(text.len());
        let (key, rest) = text.split_at(operator);
        match test(rest)? {
            Some(test) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                test,
            }),
            _ => Err(format!(
                "\"{text}\" is not a selector; write key, key=value, key!=value or, of numbers, key>=7"
            )),
        }
    }

    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = labels.get(&self.key);
        match &self.test {
            Test::Present => label.is_some(),
            Test::Is(value) => label == Some(value),
            Test::IsNot(value) => label != Some(value),
            Test::Compares(comparison, bound) => label
                .and_then(|label| number(label))
                .is_some_and(|number| comparison.holds(number, *bound)),
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::AtLeast => number >= bound,
            Self::AtMost => number <= bound,
            Self::Above => number > bound,
            Self::Below => number < bound,
        }
    }
}

/// What is behind the key; `None`: an operator that there is not.
fn test(text: &str) -> Result<Option<Test>, String> {
    if text.is_empty() {
        return Ok(Some(Test::Present));
    }
    if let Some(value) = text.strip_prefix("!=") {
        return Ok(Some(Test::IsNot(value.to_owned())));
    }
    if let Some(value) = text.strip_prefix('=') {
        return Ok(Some(Test::Is(value.to_owned())));
    }
    for (operator, comparison) in COMPARISONS {
        if let Some(bound) = text.strip_prefix(operator) {
            let bound = number(bound)
                .ok_or_else(|| format!("\"{bound}\" behind {operator} is not a number"))?;
            return Ok(Some(Test::Compares(comparison, bound)));
        }
    }
    Ok(None)
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_looks_at_one_label() {
        let labels = BTreeMap::from([
            ("tier".to_owned(), "gpu".to_owned()),
            ("version".to_owned(), "10".to_owned()),
        ]);
        for (text, matches) in [
            ("tier", true),
            ("colour", false),
            ("tier=gpu", true),
            ("tier=cpu", false),
            ("tier!=gpu", false),
            ("tier!=cpu", true),
            ("colour!=red", true),
            ("version>=9", true),
            ("version>=10", true),
            ("version>10", false),
            ("version<=10", true),
            ("version<10.5", true),
            ("version<10", false),
            ("tier>=1", false),
            ("colour<5", false),
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), matches, "{text}");
        }
    }

    #[test]
    fn a_selector_needs_a_key_and_a_known_operator() {
        for text in ["", "=gpu", "!=gpu", ">=7", "tier!gpu"] {
            let error = Selector::parse(text).unwrap_err();
            assert!(error.ends_with("or, of numbers, key>=7"), "{text}: {error}");
        }
    }

    #[test]
    fn only_numbers_are_compared() {
        for text in ["version>=new", "version<", "version>inf", "version>=nan"] {
            let error = Selector::parse(text).unwrap_err();
            assert!(error.ends_with("is not a number"), "{text}: {error}");
        }
    }
}
