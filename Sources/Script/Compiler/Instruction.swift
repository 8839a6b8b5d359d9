// The compiled form of routes: one flat list of instructions for all of them, with operands that are places of values.
// An error while one runs jumps to the instruction's recovery, the end of its statement.

import Configuration

/// A place of a value: zero and up are registers of the route that runs; below are the worker's variables and the
/// constants, -1 the first of them.
typealias Place = Int32

/// One step. What `a`, `b` and `c` mean is said at each operation; a target is a place that is written, a label the
/// index of an instruction.
struct Instruction {
    enum Operation: UInt8 {
        /// a = b
        case move
        /// a = b, null as 0
        case moveNotNull
        /// a = b (operation) c, as numbers; `add` as text where the left is text
        case add, subtract, multiply, divide, remainder, bitAnd, bitOr, bitXor, shiftLeft, shiftRight
        /// a = (operation) b
        case negate, complement, not, truth, toInteger, toText, length, isEmpty, isNull, isDefined
        /// a = whether b (operation) c
        case equal, notEqual, less, greater, lessOrEqual, greaterOrEqual
        case textEqual, textNotEqual, integerEqual, integerNotEqual
        /// a = whether the text b matches the pattern in c
        case match, noMatch
        /// a = whether the text b matches pattern number c
        case matchKnown, noMatchKnown
        /// Go to label a
        case jump
        /// Go to label a if b is above 0 / is not / is not 0 / is 0
        case jumpIfPositive, jumpUnlessPositive, jumpIfTrue, jumpUnlessTrue
        /// Go to label a if b (operation) c
        case jumpIfEqual, jumpIfNotEqual, jumpIfLess, jumpIfGreater, jumpIfLessOrEqual, jumpIfGreaterOrEqual
        /// Go to label a if the switch's value b is the constant c / matches pattern number c
        case caseInteger, caseText, casePattern
        /// Count the turn of a loop in register b; after too many report and go to label a
        case turn
        /// If b < c, do the turn at label a and go on behind it
        case turnIfLess
        /// Register a = 0
        case clear
        /// a = pseudo-variable number b
        case get
        /// The same, null as 0
        case getNotNull
        /// Pseudo-variable number a = b
        case set
        /// a = text number b, expanded
        case expand
        /// Function call number b with its arguments from register c; a = what it returned
        case call
        /// The same, a = 1 if it returned more than 0, else 0
        case callTruth
        /// The argument in register a as a number; b is the number of the call, c that of the argument
        case argumentInteger
        /// The argument in register a as text; null stays
        case argumentText
        /// Go to label a when the log does not keep lines of level b
        case skipLog
        /// Call route number b; a = what it returned
        case route
        /// The same, a = 1 if it returned more than 0, else 0
        case routeTruth
        /// As the two, the route's name in b, c 1 for truth
        case routeNamed
        /// The route's code so far is what register c - 1 holds, or b where c is 0
        case setCode
        /// Leave the route with the code in a / with the code so far
        case finish, finishWithCode
        /// End the run
        case exit, drop
    }

    var operation: Operation
    var a: Int32 = 0
    var b: Int32 = 0
    var c: Int32 = 0
}

/// What is known of an instruction besides itself, needed when it fails.
struct InstructionPlace {
    var location: SourceLocation
    /// Where the run goes on after an error.
    var recovery: Int32
    /// The number of the route that it belongs to.
    var route: Int32
}
