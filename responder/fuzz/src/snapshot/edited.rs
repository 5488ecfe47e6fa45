//! JSON that is still JSON: a good chunk with some of its values replaced, dropped or doubled.

use arbitrary::{Result, Unstructured};
use serde_json::{Value, json};

const MOST_EDITS: usize = 6;
const DEEPEST: usize = 8;

pub fn edited(base: &[u8], u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(base).expect("a chunk of our own");
    for _ in 0..u.int_in_range(1..=MOST_EDITS)? {
        edit(&mut value, u, DEEPEST)?;
    }
    Ok(value.to_string().into_bytes())
}

/// Walks down to some value and changes it.
fn edit(value: &mut Value, u: &mut Unstructured<'_>, deeper: usize) -> Result<()> {
    if deeper == 0 || u.ratio(1, 6)? {
        *value = replacement(value, u)?;
        return Ok(());
    }
    match value {
        Value::Array(list) if !list.is_empty() => {
            let index = u.choose_index(list.len())?;
            match u.int_in_range(0..=9)? {
                0 => drop(list.remove(index)),
                1 => list.push(list[index].clone()),
                2 => list.swap(0, index),
                _ => edit(&mut list[index], u, deeper - 1)?,
            }
        }
        Value::Object(map) if !map.is_empty() => {
            let index = u.choose_index(map.len())?;
            let key = map.keys().nth(index).cloned().unwrap_or_default();
            match u.int_in_range(0..=9)? {
                0 => drop(map.remove(&key)),
                _ => edit(&mut map[&key], u, deeper - 1)?,
            }
        }
        _ => *value = replacement(value, u)?,
    }
    Ok(())
}

/// Another value, most often of the same kind.
fn replacement(value: &Value, u: &mut Unstructured<'_>) -> Result<Value> {
    if u.ratio(1, 8)? {
        let odd = [
            json!(null),
            json!([]),
            json!({}),
            json!(""),
            json!(-1),
            json!(1e300),
            json!(true),
        ];
        return u.choose(&odd).cloned();
    }
    Ok(match value {
        Value::Number(_) => match u.int_in_range(0..=3)? {
            0 => json!(u.int_in_range(0..=25_u32)?),
            1 => json!(u.arbitrary::<u32>()?),
            2 => json!(u.int_in_range(-200..=200_i32)?),
            _ => json!(*u.choose(&[
                0_u64,
                1,
                99,
                100,
                16,
                17,
                2_147_483_647,
                2_147_483_648,
                u64::MAX
            ])?),
        },
        Value::String(_) => json!(*u.choose(&WORDS)?),
        Value::Bool(truth) => json!(!truth),
        Value::Null => u
            .choose(&[
                json!(0),
                json!(5),
                json!("192.0.2.1"),
                json!("a.z."),
                json!("2001:db8::1"),
            ])?
            .clone(),
        Value::Array(_) => json!([u.int_in_range(0..=25_u32)?]),
        Value::Object(_) => json!({"action": "fallback", "policy": u.int_in_range(0..=18_u32)?}),
    })
}

const WORDS: [&str; 43] = [
    "",
    "a.z.",
    "A.z.",
    "a.z",
    "s7.z.",
    "s11.z.",
    "c0.z.",
    "known.example.net.",
    "both.example.net.",
    "192.0.2.9",
    "2001:db8::7",
    "enabled",
    "draining",
    "disabled",
    "always",
    "never",
    "geo-only",
    "healthy",
    "admin",
    "fence",
    "geo",
    "label",
    "use",
    "cost",
    "load",
    "version>=7",
    "distance",
    "priority",
    "weighted",
    "sticky",
    "first",
    "bypass",
    "fallback",
    "refuse",
    "all",
    "country:DE",
    "continent:EU",
    "subdivision:US-VA",
    "asn:3320",
    "cidr:0.0.0.0/0",
    "cidr:10.1.77.0/25",
    "tier!=gpu",
    "tier=gpu",
];
