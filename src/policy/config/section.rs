//! One object of the configuration, read key by key: each is taken, checked and named, and what is left over is refused.

use super::Switch;
use super::problem::{Problem, Refused, join, not_accepted, quoted, shown};
use core::ops::RangeInclusive;
use core::str::FromStr;
use serde_json::{Map, Number, Value};

/// An object that is being read. Mistakes are noted and the default stands in, so that all of them are found in one go.
pub(super) struct Section<'p> {
    path: String,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'p> Section<'p> {
    /// The whole configuration.
    pub(super) fn root(value: Value, problems: &'p mut Vec<Problem>) -> Self {
        Self::of(String::new(), Some(value), problems)
    }

    fn of(path: String, value: Option<Value>, problems: &'p mut Vec<Problem>) -> Self {
        let left = match value {
            None => Map::new(),
            Some(Value::Object(object)) => object,
            Some(other) => {
                let at = if path.is_empty() {
                    "(the whole)".to_owned()
                } else {
                    path.clone()
                };
                problems.push(Problem {
                    path: at,
                    what: not_accepted(&other),
                    accepted: "an object".to_owned(),
                });
                Map::new()
            }
        };
        Self {
            path,
            left,
            known: Vec::new(),
            problems,
        }
    }

    /// The object under `key`; an absent one is an empty one.
    pub(super) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let value = self.take(key);
        let mut section = Section::of(self.path_of(key), value, self.problems);
        let result = read(&mut section);
        section.finish();
        result
    }

    /// The object under `key`; none where `false` stands for it, `default` where it is absent.
    pub(super) fn section_or_off<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        read: impl FnOnce(&mut Section<'_>, T) -> T,
    ) -> Option<T> {
        match self.left.get(key) {
            Some(Value::Bool(false)) => {
                self.take(key);
                None
            }
            Some(Value::Object(_)) => {
                let default = default?;
                Some(self.section(key, |section| read(section, default)))
            }
            None => {
                self.knows(key);
                default
            }
            Some(_) => {
                let value = self.take(key)?;
                self.refuse(self.path_of(key), &value, "an object, false".to_owned(), default)
            }
        }
    }

    /// The same, which has to say something where it is there. Otherwise nothing comes of it.
    pub(super) fn section_of_some<T: Default>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        match self.left.get(key) {
            Some(Value::Object(object)) if object.is_empty() => {
                self.refuse_all(key, "is empty".to_owned(), accepted.to_owned());
            }
            Some(Value::Object(_)) => return self.section(key, read),
            Some(other) => {
                let what = not_accepted(other);
                self.refuse_all(key, what, accepted.to_owned());
            }
            None => {}
        }
        self.take(key);
        T::default()
    }

    /// The objects in the array under `key`; an absent one is an empty one.
    pub(super) fn sections(&mut self, key: &'static str, mut read: impl FnMut(&mut Section<'_>)) {
        let path = self.path_of(key);
        let items = match self.take(key) {
            None => return,
            Some(Value::Array(items)) => items,
            Some(other) => return self.refuse(path, &other, "an array of objects".to_owned(), ()),
        };
        for (n, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{n}]");
            if item.is_object() {
                let mut section = Section::of(path, Some(item), self.problems);
                read(&mut section);
                section.finish();
            } else {
                self.refuse(path, &item, "an object".to_owned(), ());
            }
        }
    }

    /// The objects in the object under `key`, whose own keys may be any; `read` is told them.
    pub(super) fn each_section(&mut self, key: &'static str, mut read: impl FnMut(&str, &mut Section<'_>)) {
        let path = self.path_of(key);
        let items = match self.take(key) {
            None => return,
            Some(Value::Object(items)) => items,
            Some(other) => return self.refuse(path, &other, "an object of objects".to_owned(), ()),
        };
        for (name, item) in items {
            let mut section = Section::of(join(&path, &name), Some(item), self.problems);
            read(&name, &mut section);
            section.finish();
        }
    }

    /// One of `choices`, by its name; it has to be there.
    pub(super) fn needed_choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        self.need(key, quoted(choices.iter().map(|(name, _)| *name)));
        self.choice_if_given(key, choices)
    }

    /// The texts in the array under `key`, which has to be there, each as `read` understands it; `accepted` says which those are.
    pub(super) fn needed_texts(
        &mut self,
        key: &'static str,
        accepted: &str,
        mut read: impl FnMut(&str) -> Result<(), Refused>,
    ) {
        self.need(key, format!("an array of {accepted}"));
        self.texts(key, accepted, |_, text| read(text));
    }

    /// The texts in the array under `key`, each with its place in it, as `read` understands it.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        accepted: &str,
        mut read: impl FnMut(usize, &str) -> Result<(), Refused>,
    ) {
        let path = self.path_of(key);
        let items = match self.take(key) {
            None => return,
            Some(Value::Array(items)) => items,
            Some(other) => return self.refuse(path, &other, format!("an array of {accepted}"), ()),
        };
        for (n, item) in items.iter().enumerate() {
            self.text_at(format!("{path}[{n}]"), item, accepted, |text| read(n, text));
        }
    }

    /// The same, of which there has to be one at least where the key is there.
    pub(super) fn some_texts(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnMut(usize, &str) -> Result<(), Refused>,
    ) {
        if self.left.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            self.refuse_all(
                key,
                "is empty".to_owned(),
                format!("an array of {accepted}, at least one"),
            );
        }
        self.texts(key, accepted, read);
    }

    /// The text under `key`, or the texts in an array of at least one, as `read` understands them.
    pub(super) fn one_or_some_texts(
        &mut self,
        key: &'static str,
        accepted: &str,
        mut read: impl FnMut(&str) -> Result<(), Refused>,
    ) {
        if self.left.get(key).is_some_and(Value::is_array) {
            return self.some_texts(key, accepted, |_, text| read(text));
        }
        if let Some(value) = self.take(key) {
            let accepted = format!("{accepted}; or an array of them");
            self.text_at(self.path_of(key), &value, &accepted, read);
        }
    }

    /// The texts and objects in the array under `key`, as `read` understands them.
    pub(super) fn texts_or_sections(
        &mut self,
        key: &'static str,
        accepted: &str,
        mut read: impl FnMut(Result<&str, &mut Section<'_>>) -> Result<(), Refused>,
    ) {
        let path = self.path_of(key);
        let items = match self.take(key) {
            None => return,
            Some(Value::Array(items)) => items,
            Some(other) => return self.refuse(path, &other, format!("an array of {accepted}"), ()),
        };
        for (n, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{n}]");
            if item.is_object() {
                let shown = item.to_string();
                let mut section = Section::of(path.clone(), Some(item), self.problems);
                let result = read(Err(&mut section));
                section.finish();
                if let Err(Refused { why, accepted }) = result {
                    let what = format!("{} {why}", on_one_line(&shown));
                    self.problems.push(Problem { path, what, accepted });
                }
            } else {
                self.text_at(path, &item, accepted, |text| read(Ok(text)));
            }
        }
    }

    /// The text under `key`, as `read` understands it; it has to be there.
    pub(super) fn needed_text<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        self.need(key, accepted.to_owned());
        let value = self.take(key)?;
        self.text_at(self.path_of(key), &value, accepted, read)
    }

    fn text_at<T>(
        &mut self,
        path: String,
        value: &Value,
        accepted: &str,
        read: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        let Some(text) = value.as_str() else {
            return self.refuse(path, value, accepted.to_owned(), None);
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(Refused { why, accepted }) => {
                let what = format!("{} {why}", shown(text));
                self.problems.push(Problem { path, what, accepted });
                None
            }
        }
    }

    /// Where this object stands: `routes[2]`.
    pub(super) fn place(&self) -> &str {
        &self.path
    }

    /// Notes a mistake at a place of its own.
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes that `key` is missing, if it is.
    pub(super) fn need(&mut self, key: &str, accepted: String) {
        if !self.has(key) {
            self.refuse_all(key, "is missing".to_owned(), accepted);
        }
    }

    /// Notes a problem that is of no key.
    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes that what stands under `key` is refused as a whole.
    pub(super) fn refuse_all(&mut self, key: &str, what: String, accepted: String) {
        let path = self.path_of(key);
        self.problems.push(Problem { path, what, accepted });
    }

    /// One of `choices`, by its name.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)], default: T) -> T {
        let Some(value) = self.take(key) else { return default };
        match choose(&value, choices) {
            Some(choice) => choice,
            None => self.refuse(
                self.path_of(key),
                &value,
                quoted(choices.iter().map(|(name, _)| *name)),
                default,
            ),
        }
    }

    /// One of `choices`, by its name, if the key is there.
    pub(super) fn choice_if_given<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let choices: Vec<_> = choices.iter().map(|(name, choice)| (*name, Some(*choice))).collect();
        self.choice(key, &choices, None)
    }

    /// One of `choices`, by its name; or an object, which `read` reads.
    pub(super) fn choice_or_section<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        read: impl FnOnce(&mut Section<'_>),
    ) -> Option<T> {
        let value = self.take(key)?;
        let path = self.path_of(key);
        if value.is_object() {
            let mut section = Section::of(path, Some(value), self.problems);
            read(&mut section);
            section.finish();
            return None;
        }
        let accepted = || format!("{}, an object", quoted(choices.iter().map(|(name, _)| *name)));
        choose(&value, choices).or_else(|| self.refuse(path, &value, accepted(), None))
    }

    /// Some of `choices`, by their names, each at most once.
    pub(super) fn choices<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        default: Vec<T>,
    ) -> Vec<T> {
        let value = self.take(key);
        let path = self.path_of(key);
        let accepted = quoted(choices.iter().map(|(name, _)| *name));
        let items = match value {
            None => return default,
            Some(Value::Array(items)) => items,
            Some(other) => return self.refuse(path, &other, format!("an array of {accepted}"), default),
        };
        let mut chosen = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            let path = format!("{path}[{n}]");
            match choose(item, choices) {
                None => self.refuse(path, item, accepted.clone(), ()),
                Some(choice) if chosen.contains(&choice) => {
                    let what = format!("{item} is given twice");
                    self.problems.push(Problem {
                        path,
                        what,
                        accepted: "each value once".to_owned(),
                    });
                }
                Some(choice) => chosen.push(choice),
            }
        }
        chosen
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, key: &'static str, default: Switch) -> Switch {
        match self.take(key) {
            None => default,
            Some(Value::Bool(true)) => Switch::On,
            Some(Value::Bool(false)) => Switch::Off,
            Some(other) => self.refuse(self.path_of(key), &other, "true, false".to_owned(), default),
        }
    }

    /// A whole number up to [`MAX_NUMBER`], if the key is there.
    pub(super) fn number_if_given(&mut self, key: &'static str) -> Option<u64> {
        let value = self.take(key)?;
        let accepted = || format!("a whole number from 0 to {MAX_NUMBER}");
        let number = whole(&value).filter(|number| *number <= MAX_NUMBER);
        number.or_else(|| self.refuse(self.path_of(key), &value, accepted(), None))
    }

    /// A whole number within `range`. Envoy writes all numbers of a Struct as floats.
    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<usize>, default: usize) -> usize {
        let Some(value) = self.take(key) else { return default };
        match whole(&value).filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let accepted = format!("a whole number from {} to {}", range.start(), range.end());
                self.refuse(self.path_of(key), &value, accepted, default)
            }
        }
    }

    /// The whole numbers within `range` in the array under `key`.
    pub(super) fn numbers(&mut self, key: &'static str, range: RangeInclusive<usize>) -> Vec<usize> {
        let path = self.path_of(key);
        let accepted = format!("whole numbers from {} to {}", range.start(), range.end());
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => return self.refuse(path, &other, format!("an array of {accepted}"), Vec::new()),
        };
        let mut numbers = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            match whole(item).filter(|number| range.contains(number)) {
                Some(number) => numbers.push(number),
                None => self.refuse(format!("{path}[{n}]"), item, accepted.clone(), ()),
            }
        }
        numbers
    }

    /// Whether there is anything under `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Whether an array stands under `key` that holds nothing.
    pub(super) fn has_empty_array(&self, key: &str) -> bool {
        let items = self.left.get(key).and_then(Value::as_array);
        items.is_some_and(Vec::is_empty)
    }

    /// The text under `key`, as `read` understands it; `accepted` says which those are. None when it is absent, or no such text.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let path = self.path_of(key);
        let Some(text) = value.as_str() else {
            return self.refuse(path, &value, accepted.to_owned(), None);
        };
        let refused = |Refused { why, accepted }| {
            let what = format!("{} {why}", shown(text));
            self.problems.push(Problem { path, what, accepted });
        };
        read(text).map_err(refused).ok()
    }

    /// The table under `key`, an object that `read` understands as JSON; what it says against it is told on one line. None when it
    /// is absent, or refused. However it was written, JSON or Struct, the same table is the same text: the keys of each object in
    /// order, whole numbers without a point.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(String) -> Result<T, String>,
    ) -> Option<T> {
        let mut value = self.take(key)?;
        let path = self.path_of(key);
        if !value.is_object() {
            return self.refuse(path, &value, accepted.to_owned(), None);
        }
        make_plain(&mut value);
        value.sort_all_objects();
        let refused = |what: String| {
            let what = on_one_line(&what);
            let accepted = accepted.to_owned();
            self.problems.push(Problem { path, what, accepted });
        };
        read(value.to_string()).map_err(refused).ok()
    }

    /// Refuses every key that was not asked for.
    pub(super) fn finish(self) {
        for key in self.left.keys() {
            self.problems.push(Problem {
                path: join(&self.path, key),
                what: "unknown key".to_owned(),
                accepted: quoted(self.known.iter().copied()),
            });
        }
    }

    /// Names a key that could be there and is not.
    pub(super) fn knows(&mut self, key: &'static str) {
        self.known.push(key);
    }

    /// Refuses a text in the place of an object or `false` under `key`, and repeats none of it: it may be a secret. Whether there was one.
    pub(super) fn refuses_text(&mut self, key: &'static str) -> bool {
        let is_text = self.left.get(key).is_some_and(Value::is_string);
        if is_text {
            self.take(key);
            self.refuse_all(key, "a text is not accepted".to_owned(), "an object, false".to_owned());
        }
        is_text
    }

    /// What stands under `key`, for a reader who repeats none of it.
    pub(super) fn secret(&mut self, key: &'static str) -> Option<Value> {
        self.take(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.left.shift_remove(key)
    }

    /// Where what stands under `key` is.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    fn refuse<T>(&mut self, path: String, value: &Value, accepted: String, instead: T) -> T {
        self.problems.push(Problem {
            path,
            what: not_accepted(value),
            accepted,
        });
        instead
    }
}

fn choose<T: Copy>(value: &Value, choices: &[(&'static str, T)]) -> Option<T> {
    let name = value.as_str()?;
    choices
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, choice)| *choice)
}

/// The largest whole number up to which a float, and so Envoy's Struct, has them all.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The number that `value` is, when it is whole. A float's shortest text has no point exactly when it is whole.
fn whole<N: FromStr>(value: &Value) -> Option<N> {
    let text = value.as_number()?.to_string();
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

/// Writes whole numbers without a point, as far as a float holds them exactly.
fn make_plain(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(make_plain),
        Value::Object(object) => object.values_mut().for_each(make_plain),
        Value::Number(number) => {
            let float = number.as_f64().and_then(Number::from_f64);
            let plain = float.map(|float| float.to_string()).and_then(|text| {
                let whole: i64 = text.strip_suffix(".0")?.parse().ok()?;
                Some(whole.into())
            });
            if let Some(plain) = plain.or(number.as_f64().and_then(Number::from_f64)) {
                *number = plain;
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// `text` without what would break a line, and no longer than a message should be.
fn on_one_line(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_WHAT);
    let mut line = text.get(..end).unwrap_or_default().replace(char::is_control, " ");
    if end < text.len() {
        line.push('…');
    }
    line
}

/// The most bytes of what a table's reader says.
const MAX_WHAT: usize = 300;
