//! Validates the module and tries it in the installed modhost; what is compared stands in test.sh.

use std::process::Command;

#[test]
fn answers() {
    // cargo puts the module that it builds for the tests beside them.
    let built = std::env::current_exe().expect("the test knows its own path").with_file_name("lib@IDENT@.so");
    let status = Command::new("sh").arg("test.sh").arg(&built).status().expect("sh starts");
    assert!(status.success(), "test.sh {}: {status}", built.display());
}
