//! Arithmetic on signals, as in `100 * {errors} / {requests}`.

use std::{fmt, str::FromStr};

/// How deep parentheses may nest, and how long an expression may be.
const DEPTH: usize = 32;
const LENGTH: usize = 4096;

/// An expression: numbers, signals in braces, `+ - * /`, parentheses, `min(a, b)` and `max(a, b)`.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A signal's number.
    Signal(String),
    /// The negative of another.
    Minus(Box<Self>),
    /// Two others, and what is done with them.
    Two(Arithmetic, Box<Self>, Box<Self>),
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Their sum.
    Plus,
    /// The first less the second.
    Minus,
    /// Their product.
    Times,
    /// The first over the second; nothing over nothing is no number.
    Over,
    /// The smaller one.
    Min,
    /// The larger one.
    Max,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// Something else stands where it may not.
    #[error("{wanted} is wanted at `{found}`")]
    Unexpected {
        /// What would be right there.
        wanted: &'static str,
        /// What stands there, cut short.
        found: String,
    },
    /// It ends too early.
    #[error("it ends where {0} is wanted")]
    TooShort(&'static str),
    /// It is too long or nested too deeply.
    #[error("it is too long")]
    TooLong,
}

impl Expression {
    /// The signals it names, each once, in its order.
    #[must_use]
    pub fn signals(&self) -> Vec<&str> {
        let mut signals = Vec::new();
        self.collect(&mut signals);
        signals
    }

    fn collect<'a>(&'a self, signals: &mut Vec<&'a str>) {
        match self {
            Self::Number(_) => {}
            Self::Signal(id) if signals.contains(&id.as_str()) => {}
            Self::Signal(id) => signals.push(id),
            Self::Minus(of) => of.collect(signals),
            Self::Two(_, one, other) => {
                one.collect(signals);
                other.collect(signals);
            }
        }
    }

    /// What it comes to, with each signal's number given. It may be no number, as for a division by nothing.
    pub fn value(&self, number: &impl Fn(&str) -> f64) -> f64 {
        match self {
            Self::Number(value) => *value,
            Self::Signal(id) => number(id),
            Self::Minus(of) => -of.value(number),
            Self::Two(operator, one, other) => {
                let (one, other) = (one.value(number), other.value(number));
                // The smaller of a number and none is none.
                let known = !one.is_nan() && !other.is_nan();
                match operator {
                    Arithmetic::Plus => one + other,
                    Arithmetic::Minus => one - other,
                    Arithmetic::Times => one * other,
                    Arithmetic::Over => one / other,
                    Arithmetic::Min if known => one.min(other),
                    Arithmetic::Max if known => one.max(other),
                    Arithmetic::Min | Arithmetic::Max => f64::NAN,
                }
            }
        }
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > LENGTH {
            return Err(ExpressionError::TooLong);
        }
        let mut rest = Rest(text);
        let expression = rest.sum(0)?;
        if rest.next().is_some() { Err(rest.wanted("an operator or the end")) } else { Ok(expression) }
    }
}

/// What is left to read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn next(&mut self) -> Option<char> {
        self.0 = self.0.trim_start();
        self.0.chars().next()
    }

    fn take(&mut self, token: &str) -> bool {
        self.0 = self.0.trim_start();
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn wanted(&self, wanted: &'static str) -> ExpressionError {
        if self.0.is_empty() {
            ExpressionError::TooShort(wanted)
        } else {
            ExpressionError::Unexpected { wanted, found: crate::text::line(self.0, 20) }
        }
    }

    fn sum(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let mut one = self.product(depth)?;
        loop {
            let operator = match self.next() {
                Some('+') => Arithmetic::Plus,
                Some('-') => Arithmetic::Minus,
                _ => return Ok(one),
            };
            self.skip();
            one = Expression::Two(operator, Box::new(one), Box::new(self.product(depth)?));
        }
    }

    fn product(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let mut one = self.factor(depth)?;
        loop {
            let operator = match self.next() {
                Some('*') => Arithmetic::Times,
                Some('/') => Arithmetic::Over,
                _ => return Ok(one),
            };
            self.skip();
            one = Expression::Two(operator, Box::new(one), Box::new(self.factor(depth)?));
        }
    }

    fn skip(&mut self) {
        let mut characters = self.0.chars();
        characters.next();
        self.0 = characters.as_str();
    }

    fn factor(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        const WANTED: &str = "a number, a signal in braces or `(`";
        let depth = depth.saturating_add(1);
        if depth > DEPTH {
            return Err(ExpressionError::TooLong);
        }
        match self.next() {
            Some('-') => {
                self.skip();
                Ok(Expression::Minus(Box::new(self.factor(depth)?)))
            }
            Some('(') => {
                self.skip();
                let inside = self.sum(depth)?;
                if self.take(")") { Ok(inside) } else { Err(self.wanted("`)`")) }
            }
            Some('{') => {
                self.skip();
                let Some((id, rest)) = self.0.split_once('}') else { return Err(ExpressionError::TooShort("`}`")) };
                let id = id.trim().to_owned();
                if id.is_empty() {
                    return Err(self.wanted("a signal's name"));
                }
                self.0 = rest;
                Ok(Expression::Signal(id))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some('m') => {
                let operator = if self.take("min") {
                    Arithmetic::Min
                } else if self.take("max") {
                    Arithmetic::Max
                } else {
                    return Err(self.wanted(WANTED));
                };
                if !self.take("(") {
                    return Err(self.wanted("`(`"));
                }
                let one = self.sum(depth)?;
                if !self.take(",") {
                    return Err(self.wanted("`,`"));
                }
                let other = self.sum(depth)?;
                if !self.take(")") {
                    return Err(self.wanted("`)`"));
                }
                Ok(Expression::Two(operator, Box::new(one), Box::new(other)))
            }
            _ => Err(self.wanted(WANTED)),
        }
    }

    fn number(&mut self) -> Result<Expression, ExpressionError> {
        let mut end = 0;
        let mut before = ' ';
        for (at, c) in self.0.char_indices() {
            let sign_of_exponent = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
            if !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E') || sign_of_exponent) {
                break;
            }
            end = at.saturating_add(c.len_utf8());
            before = c;
        }
        let (number, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.0 = rest;
                Ok(Expression::Number(value))
            }
            _ => Err(self.wanted("a number")),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Signal(id) => write!(f, "{{{id}}}"),
            Self::Minus(of) => write!(f, "-({of})"),
            Self::Two(operator, one, other) => match operator {
                Arithmetic::Plus => write!(f, "({one} + {other})"),
                Arithmetic::Minus => write!(f, "({one} - {other})"),
                Arithmetic::Times => write!(f, "({one} * {other})"),
                Arithmetic::Over => write!(f, "({one} / {other})"),
                Arithmetic::Min => write!(f, "min({one}, {other})"),
                Arithmetic::Max => write!(f, "max({one}, {other})"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(id: &str) -> f64 {
        match id {
            "errors" => 3.0,
            "a-b.c" => 60.0,
            _ => f64::NAN,
        }
    }

    #[test]
    fn computes() {
        for (text, expected) in [
            ("1 + 2 * 3 - 4 / 2", 5.0),
            ("(1 + 2) * 3", 9.0),
            ("100 * {errors} / {a-b.c}", 5.0),
            ("-{errors}--2", -1.0),
            ("min({errors}, 2) + max(1,{ errors })", 5.0),
            ("1.5e1", 15.0),
            ("2e-1*10", 2.0),
            ("10 - 3 - 2", 5.0),
            ("1 / 0", f64::INFINITY),
        ] {
            let expression: Expression = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expression.value(&number), expected, "{text}");
        }
        for unknown in ["{other} * 0", "min({other}, 1)", "0 / 0"] {
            assert!(unknown.parse::<Expression>().unwrap().value(&number).is_nan(), "{unknown}");
        }
        assert_eq!("{b} + {a} * {b}".parse::<Expression>().unwrap().signals(), ["b", "a"]);
    }

    #[test]
    fn says_where_it_is_none() {
        for (text, expected) in [
            ("", "it ends where a number, a signal in braces or `(` is wanted"),
            ("1 +", "it ends where a number, a signal in braces or `(` is wanted"),
            ("errors / 2", "a number, a signal in braces or `(` is wanted at `errors / 2`"),
            ("1 2", "an operator or the end is wanted at `2`"),
            ("(1", "it ends where `)` is wanted"),
            ("{a", "it ends where `}` is wanted"),
            ("{} + 1", "a signal's name is wanted at `} + 1`"),
            ("1e999", "a number is wanted at `1e999`"),
            ("1.2.3", "a number is wanted at `1.2.3`"),
            ("min(1)", "`,` is wanted at `)`"),
        ] {
            assert_eq!(text.parse::<Expression>().unwrap_err().to_string(), expected, "{text}");
        }
        assert_eq!("(".repeat(1000).parse::<Expression>(), Err(ExpressionError::TooLong));
        assert_eq!(format!("1{}", "+1".repeat(5000)).parse::<Expression>(), Err(ExpressionError::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_reads_back(text in r#"[0-9a-mx{}().,+*/ eE-]{0,60}"#) {
            if let Ok(expression) = text.parse::<Expression>() {
                let again: Expression = expression.to_string().parse().unwrap();
                let (one, other) = (expression.value(&number), again.value(&number));
                proptest::prop_assert!(one == other || (one.is_nan() && other.is_nan()), "{text}: {one} {other}");
            }
        }
    }
}
