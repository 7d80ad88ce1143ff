//! Benches under `--test`.

/// True under `--test`, where a bench shows that it works, on little input.
pub(crate) fn is_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
}
