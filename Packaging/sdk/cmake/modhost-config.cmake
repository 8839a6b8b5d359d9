# modhost's package for CMake: find_package(modhost) gives the target modhost::modhost (the headers) and the function
# modhost_add_module, which builds a module as the contract wants it.
#
#   modhost_add_module(NAME SOURCE...)
#       Builds NAME.so from C or C++ sources: target NAME, output NAME.so, everything but the entry function hidden, symbols
#       bound at load, the code never unmapped. `install` puts it into modhost's module folder.
#
# Variables: modhost_ABI ("1.1"), modhost_MODULE_DIR, modhost_MODULE_MAP (the linker's version script), modhost_SHARE_DIR.

get_filename_component(modhost_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(modhost_INCLUDE_DIR "${modhost_PREFIX}/include")
set(modhost_MODULE_DIR "${modhost_PREFIX}/lib/modhost/modules")
set(modhost_SHARE_DIR "${modhost_PREFIX}/share/modhost")
set(modhost_MODULE_MAP "${modhost_SHARE_DIR}/module.map")

if(NOT EXISTS "${modhost_INCLUDE_DIR}/modhost/modhost.h" OR NOT EXISTS "${modhost_MODULE_MAP}")
    set(modhost_FOUND FALSE)
    set(modhost_NOT_FOUND_MESSAGE "modhost's headers or its linker script are missing below ${modhost_PREFIX}; install it again")
    return()
endif()

file(STRINGS "${modhost_INCLUDE_DIR}/modhost/base.h" modhost_numbers REGEX "^#define MH_ABI_M(AJOR|INOR) [0-9]+")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" modhost_ABI "${modhost_numbers}")
unset(modhost_numbers)

if(NOT TARGET modhost::modhost)
    add_library(modhost::modhost INTERFACE IMPORTED)
    set_target_properties(modhost::modhost PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${modhost_INCLUDE_DIR}")
endif()

function(modhost_add_module name)
    if(NOT name MATCHES "^[a-z][a-z0-9_-]*$")
        message(FATAL_ERROR
            "modhost_add_module: \"${name}\" cannot be a module's name; it begins with a-z and goes on with a-z, 0-9, _ and -")
    endif()
    if(NOT ARGN)
        message(FATAL_ERROR "modhost_add_module(${name}): name the source files after the module")
    endif()
    add_library(${name} MODULE ${ARGN})
    set_target_properties(${name} PROPERTIES
        PREFIX ""
        SUFFIX ".so"
        POSITION_INDEPENDENT_CODE ON
        C_VISIBILITY_PRESET hidden
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        LINK_DEPENDS "${modhost_MODULE_MAP}")
    target_link_libraries(${name} PRIVATE modhost::modhost)
    # The version script hides what visibility does not reach; defs makes an undefined symbol an error here and not at load.
    target_link_options(${name} PRIVATE
        "LINKER:--version-script=${modhost_MODULE_MAP}" "LINKER:-z,now" "LINKER:-z,nodelete" "LINKER:-z,defs")
    install(TARGETS ${name} LIBRARY DESTINATION "${modhost_MODULE_DIR}")
endfunction()
