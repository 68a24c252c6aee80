//! unfinished
