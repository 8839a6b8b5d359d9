// Feeds configurations with routes to the script language: what is good runs, within narrow limits. Run by Tests/Fuzzers/run on the
// folder corpus/script; the same inputs are replayed by ScriptTests.

/// Called by libFuzzer for each input; always answers 0.
@c
public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let exercise = ScriptExercise(Array(UnsafeBufferPointer(start: data, count: size)))
    if let fault = exercise.fault { preconditionFailure(fault) }
    return 0
}
