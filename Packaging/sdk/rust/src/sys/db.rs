//! modhost/db.h: the database provider interface "mh.db/1": a module that stores rows; the selector is its URL scheme.
//!
//! A consumer splits the scheme off its URL ("flatstore:/var/log/acc"), acquires "mh.db/1" with that selector, opens
//! the URL, uses a table with its columns named once, and inserts rows of values in that order. Handles may be used
//! from any thread at once; what a provider cannot do answers MH_E_UNSUPPORTED and names the caller in its text.

use super::*;

pub const MH_DB_INTERFACE: &str = "mh.db/1";
pub const MH_DB_CAN_INSERT: u32 = 0x01;
pub const MH_DB_CAN_QUERY: u32 = 0x02;
pub const MH_DB_CAN_DELETE: u32 = 0x04;
pub const MH_DB_CAN_UPDATE: u32 = 0x08;
/// calls wait for a disk or a server: make them from a pool thread
pub const MH_DB_BLOCKS: u32 = 0x100;

/// opaque; an open database
#[repr(C)]
pub struct mh_db {
    _opaque: [u8; 0],
}

/// opaque; a table with its columns, of one mh_db
#[repr(C)]
pub struct mh_db_table {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_open {
    pub struct_size: u32,
    pub reserved: u32,
    /// whole, with its scheme
    pub url: mh_str,
    /// the consuming module's name, for messages
    pub caller: mh_str,
}
zeroed!(mh_db_open);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_column {
    pub struct_size: u32,
    /// MH_INT, MH_FLOAT, MH_STRING, MH_TIME, MH_BLOB; MH_NULL: any
    pub type_: u32,
    pub name: mh_str,
}
zeroed!(mh_db_column);

pub const MH_DB_EQUAL: u32 = 0;
pub const MH_DB_NOT_EQUAL: u32 = 1;
pub const MH_DB_LESS: u32 = 2;
pub const MH_DB_LESS_OR_EQUAL: u32 = 3;
pub const MH_DB_GREATER: u32 = 4;
pub const MH_DB_GREATER_OR_EQUAL: u32 = 5;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_condition {
    pub struct_size: u32,
    /// MH_DB_EQUAL ...; equal and not-equal to MH_NULL mean IS NULL, IS NOT NULL
    pub op: u32,
    pub column: mh_str,
    pub value: mh_value,
}
zeroed!(mh_db_condition);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_order {
    pub struct_size: u32,
    /// 0 or 1
    pub descending: u32,
    pub column: mh_str,
}
zeroed!(mh_db_order);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_assignment {
    pub struct_size: u32,
    pub reserved: u32,
    pub column: mh_str,
    pub value: mh_value,
}
zeroed!(mh_db_assignment);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_query {
    pub struct_size: u32,
    pub reserved: u32,
    /// mh_str; empty: the table's own, in its order
    pub columns: mh_array,
    /// mh_db_condition, joined by AND
    pub conditions: mh_array,
    /// mh_db_order
    pub order: mh_array,
    /// rows; 0: all
    pub limit: i64,
    /// rows
    pub offset: i64,
    pub ctx: *mut c_void,
    /// One row; a non-zero return ends the query. (thread: caller) (phase: init+run+stop) (blocks: yes)
    /// (owns: values are borrowed for the call)
    pub row: Option<unsafe extern "C" fn(ctx: *mut c_void, values: *const mh_value, count: u32) -> i32>,
}
zeroed!(mh_db_query);

/// The table of functions that a provider exports. ctx is mh_interface.ctx.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_db_provider {
    pub struct_size: u32,
    pub reserved: u32,
    /// What it can do, MH_DB_CAN_... and MH_DB_BLOCKS. (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub capabilities: Option<unsafe extern "C" fn(ctx: *mut c_void, db: *mut mh_db) -> u32>,
    /// Opens a database and checks that it can be used. (thread: any) (phase: init+run) (blocks: yes)
    /// (owns: options are borrowed; *db is the provider's until close)
    pub open: Option<
        unsafe extern "C" fn(ctx: *mut c_void, options: *const mh_db_open, db: *mut *mut mh_db, err: *const mh_error) -> i32,
    >,
    /// Closes it, with its tables. (thread: any) (phase: run+stop) (blocks: yes) (owns: db is void afterwards)
    pub close: Option<unsafe extern "C" fn(ctx: *mut c_void, db: *mut mh_db)>,
    /// Prepares a table; columns: array of mh_db_column.
    /// (thread: any) (phase: init+run) (blocks: yes)
    /// (owns: name and columns are copied; *table is the provider's until release)
    pub use_table: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            db: *mut mh_db,
            name: mh_str,
            columns: *const mh_array,
            table: *mut *mut mh_db_table,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Gives a table back. (thread: any) (phase: run+stop) (blocks: yes) (owns: table is void afterwards)
    pub release_table: Option<unsafe extern "C" fn(ctx: *mut c_void, table: *mut mh_db_table)>,
    /// Inserts one row; count must equal the number of columns. When it answers MH_OK the row is as safe as the provider's
    /// settings promise. MH_E_NO_SPACE and MH_E_IO: nothing of the row is stored.
    /// (thread: any) (phase: run+stop) (blocks: yes) (owns: values are borrowed for the call)
    pub insert: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_db_table,
            values: *const mh_value,
            count: u32,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Inserts rows, row after row in `values` (rows * columns of them); *stored says how many of the first are stored, also
    /// after an error. (thread: any) (phase: run+stop) (blocks: yes) (owns: values are borrowed for the call)
    pub insert_batch: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_db_table,
            values: *const mh_value,
            columns: u32,
            rows: u32,
            stored: *mut u32,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Reads rows. (thread: any) (phase: init+run+stop) (blocks: yes) (owns: query is borrowed for the call)
    pub query: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_db_table,
            query: *const mh_db_query,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Deletes rows; conditions: array of mh_db_condition, empty deletes all; *affected (may be NULL) counts them.
    /// (thread: any) (phase: init+run+stop) (blocks: yes) (owns: conditions are borrowed for the call)
    pub delete_rows: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_db_table,
            conditions: *const mh_array,
            affected: *mut i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Changes rows; assignments: array of mh_db_assignment.
    /// (thread: any) (phase: init+run+stop) (blocks: yes) (owns: both arrays are borrowed for the call)
    pub update: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_db_table,
            assignments: *const mh_array,
            conditions: *const mh_array,
            affected: *mut i64,
            err: *const mh_error,
        ) -> i32,
    >,
}
zeroed!(mh_db_provider);
