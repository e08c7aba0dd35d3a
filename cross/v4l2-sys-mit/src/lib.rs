//! V4L2's structures and constants for 64-bit Linux: the interface of the crate whose name this has, without its build script.
#![allow(clippy::all, non_camel_case_types, non_snake_case, non_upper_case_globals, unsafe_op_in_unsafe_fn, missing_docs)]

include!("bindings.rs");
