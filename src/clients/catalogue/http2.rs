//! Which implementations open an HTTP/2 connection like this: patterns over the Akamai form.
//!
//! A form is `SETTINGS|WINDOW_UPDATE|PRIORITY|PSEUDO`. A pattern for the settings lists them in wire order: `1:65536;2:0?;4:*`.
//! `?` behind one says that it may be missing; `*` is any value, `a-b` one between, `a/b` one of them.

/// A form taken apart. Borrows; refuses what has not four parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a> {
    settings: &'a str,
    window: &'a str,
    priority: &'a str,
    pseudo: &'a str,
}

impl<'a> Form<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('|');
        let form = Self {
            settings: parts.next()?,
            window: parts.next()?,
            priority: parts.next()?,
            pseudo: parts.next()?,
        };
        parts.next().is_none().then_some(form)
    }

    fn settings(&self) -> impl Iterator<Item = Option<(u16, u32)>> + Clone + 'a {
        let settings = self.settings.split(';').filter(|text| !text.is_empty());
        settings.map(|text| {
            let (id, value) = text.split_once(':')?;
            Some((id.parse().ok()?, value.parse().ok()?))
        })
    }
}

/// Which values a number may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Any,
    OneOf(Vec<u32>),
    Between(u32, u32),
}

impl Values {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        if let Some((low, high)) = text.split_once('-') {
            let (low, high) = (low.parse().ok()?, high.parse().ok()?);
            return (low <= high).then_some(Self::Between(low, high));
        }
        let values = text.split('/').map(|value| value.parse().ok());
        values.collect::<Option<_>>().map(Self::OneOf)
    }

    fn has(&self, value: u32) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(values) => values.contains(&value),
            Self::Between(low, high) => (*low..=*high).contains(&value),
        }
    }
}

/// One setting that an implementation sends.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) id: u16,
    pub(super) values: Values,
    pub(super) optional: bool,
}

impl Setting {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, optional) = match text.strip_suffix('?') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (id, values) = text.split_once(':')?;
        Some(Self {
            id: id.parse().ok()?,
            values: Values::parse(values)?,
            optional,
        })
    }
}

/// The connection window's first increment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Whether there is one or not.
    Any,
    /// There is none.
    None,
    /// There is one of these.
    Of(Values),
}

impl Window {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "00" => Some(Self::None),
            _ => Values::parse(text).map(Self::Of),
        }
    }

    fn fits(&self, seen: &str) -> bool {
        match self {
            Self::Any => true,
            Self::None => seen == "00",
            Self::Of(values) => seen != "00" && seen.parse().is_ok_and(|value| values.has(value)),
        }
    }
}

/// How an implementation opens a connection.
#[derive(Clone, Debug)]
pub(super) struct Http2Shape {
    pub(super) settings: Vec<Setting>,
    /// Whether the settings come in this order.
    pub(super) ordered: bool,
    pub(super) window: Window,
    /// The PRIORITY frames, as the form writes them; none where they may be any.
    pub(super) priority: Option<String>,
    pub(super) pseudo: Vec<String>,
}

impl Http2Shape {
    pub(super) fn fits(&self, form: &Form<'_>) -> bool {
        self.window.fits(form.window)
            && self.priority.as_ref().is_none_or(|wanted| wanted == form.priority)
            && (self.pseudo.is_empty() || self.pseudo.iter().any(|wanted| wanted == form.pseudo))
            && match self.ordered {
                true => self.settings_fit_in_order(form),
                false => self.settings_fit(form),
            }
    }

    fn settings_fit_in_order(&self, form: &Form<'_>) -> bool {
        let mut wanted = self.settings.iter();
        for seen in form.settings() {
            let Some((id, value)) = seen else { return false };
            loop {
                match wanted.next() {
                    Some(setting) if setting.id == id && setting.values.has(value) => break,
                    Some(setting) if setting.optional => {}
                    _ => return false,
                }
            }
        }
        wanted.all(|setting| setting.optional)
    }

    fn settings_fit(&self, form: &Form<'_>) -> bool {
        let known = |(id, value): (u16, u32)| {
            let mut settings = self.settings.iter();
            settings.any(|setting| setting.id == id && setting.values.has(value))
        };
        let sends = |id: u16| form.settings().flatten().any(|(seen, _)| seen == id);
        form.settings().all(|seen| seen.is_some_and(known))
            && self
                .settings
                .iter()
                .all(|setting| setting.optional || sends(setting.id))
    }
}
