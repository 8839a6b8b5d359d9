//! How a module is linked: symbols are bound at load, the code stays mapped, an undefined symbol is an error here and now.

fn main() {
    for option in ["-Wl,-z,now", "-Wl,-z,nodelete", "-Wl,-z,defs"] {
        println!("cargo:rustc-cdylib-link-arg={option}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
