//! What can be wrong, split by whose fault it is. The binding crate maps each variant to one exception.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Item `at` of a flat array is not canonical, or is an identity where none may stand.
    BadEncoding { at: usize },
    /// Evidence fails the named check; `at` is the row or statement, where there are several.
    Rejected { check: &'static str, at: Option<usize> },
    /// The caller broke this interface's contract: our own bug, never evidence.
    Misuse(&'static str),
    /// The operating system gave no random bytes.
    NoRandomness,
}

impl Fault {
    pub(crate) const fn rejected(check: &'static str) -> Self {
        Fault::Rejected { check, at: None }
    }

    /// This fault of one of many: `at` names the one, and what was inside it is left to a check of it alone.
    pub(crate) fn of(self, at: usize) -> Self {
        match self {
            Fault::BadEncoding { .. } => Fault::Rejected { check: "encoding", at: Some(at) },
            Fault::Rejected { check, .. } => Fault::Rejected { check, at: Some(at) },
            Fault::Misuse(_) | Fault::NoRandomness => self,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::BadEncoding { at } => write!(f, "item {at} is not a canonical encoding"),
            Fault::Rejected { check, at: None } => write!(f, "the check '{check}' fails"),
            Fault::Rejected { check, at: Some(at) } => write!(f, "the check '{check}' fails at {at}"),
            Fault::Misuse(what) => write!(f, "misuse: {what}"),
            Fault::NoRandomness => write!(f, "the operating system gave no random bytes"),
        }
    }
}

impl std::error::Error for Fault {}
