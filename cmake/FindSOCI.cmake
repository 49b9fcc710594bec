# Finds SOCI: SOCI::core and one SOCI::<backend> per component.
#
#   find_package(SOCI REQUIRED COMPONENTS core sqlite3 postgresql)
#
# SOCI 4.1 brings its own package (SOCI::Core, SOCI::SQLite3, SOCI::PostgreSQL), which is used when it is there.
# Debian's 4.0.3 brings none: then header and libraries are looked for by name.

set(_soci_components ${SOCI_FIND_COMPONENTS})
if(NOT _soci_components)
    set(_soci_components core)
endif()
set(_soci_package_core Core)
set(_soci_package_sqlite3 SQLite3)
set(_soci_package_postgresql PostgreSQL)

if(NOT TARGET SOCI::core)
    set(_soci_wanted "")
    foreach(_soci_component IN LISTS _soci_components)
        list(APPEND _soci_wanted "${_soci_package_${_soci_component}}")
    endforeach()
    find_package(SOCI QUIET CONFIG COMPONENTS ${_soci_wanted})
    set(SOCI_FIND_COMPONENTS ${_soci_components})
    foreach(_soci_component IN LISTS _soci_components)
        if(TARGET "SOCI::${_soci_package_${_soci_component}}")
            add_library("SOCI::${_soci_component}" INTERFACE IMPORTED)
            target_link_libraries("SOCI::${_soci_component}" INTERFACE
                "SOCI::${_soci_package_${_soci_component}}")
        endif()
    endforeach()
endif()

find_path(SOCI_INCLUDE_DIR soci/soci.h)
if(SOCI_INCLUDE_DIR AND NOT SOCI_VERSION AND EXISTS "${SOCI_INCLUDE_DIR}/soci/version.h")
    file(STRINGS "${SOCI_INCLUDE_DIR}/soci/version.h" _soci_line REGEX "#define SOCI_LIB_VERSION \"[0-9_]+\"")
    string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+)(_([0-9]+))?\".*" "\\1.\\2.\\4" SOCI_VERSION "${_soci_line}")
    string(REGEX REPLACE "\\.$" "" SOCI_VERSION "${SOCI_VERSION}")
endif()

foreach(_soci_component IN LISTS _soci_components)
    if(NOT TARGET "SOCI::${_soci_component}")
        find_library(SOCI_${_soci_component}_LIBRARY "soci_${_soci_component}")
        mark_as_advanced(SOCI_${_soci_component}_LIBRARY)
        if(SOCI_INCLUDE_DIR AND SOCI_${_soci_component}_LIBRARY)
            add_library("SOCI::${_soci_component}" UNKNOWN IMPORTED)
            set_target_properties("SOCI::${_soci_component}" PROPERTIES
                IMPORTED_LOCATION "${SOCI_${_soci_component}_LIBRARY}"
                INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR}")
            if(NOT _soci_component STREQUAL "core")
                find_package(${_soci_package_${_soci_component}} QUIET)
                target_link_libraries("SOCI::${_soci_component}" INTERFACE SOCI::core)
                if(_soci_component STREQUAL "sqlite3")
                    target_link_libraries("SOCI::sqlite3" INTERFACE SQLite::SQLite3)
                elseif(_soci_component STREQUAL "postgresql")
                    target_link_libraries("SOCI::postgresql" INTERFACE PostgreSQL::PostgreSQL)
                endif()
            else()
                target_link_libraries(SOCI::core INTERFACE ${CMAKE_DL_LIBS})
            endif()
        endif()
    endif()
    if(TARGET "SOCI::${_soci_component}")
        set(SOCI_${_soci_component}_FOUND TRUE)
    endif()
endforeach()

# Debian builds SOCI with Boost, so its headers include Boost's, but its package does not depend on them.
set(_soci_required SOCI_INCLUDE_DIR)
if(SOCI_INCLUDE_DIR AND EXISTS "${SOCI_INCLUDE_DIR}/soci/soci-config.h")
    file(STRINGS "${SOCI_INCLUDE_DIR}/soci/soci-config.h" _soci_line REGEX "^#define SOCI_HAVE_BOOST$")
    if(_soci_line)
        find_path(SOCI_BOOST_INCLUDE_DIR boost/fusion/sequence.hpp)
        mark_as_advanced(SOCI_BOOST_INCLUDE_DIR)
        list(APPEND _soci_required SOCI_BOOST_INCLUDE_DIR)
    endif()
endif()

mark_as_advanced(SOCI_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI
    REQUIRED_VARS ${_soci_required} VERSION_VAR SOCI_VERSION HANDLE_COMPONENTS
    REASON_FAILURE_MESSAGE "On Debian: apt-get install libsoci-dev libboost-dev")
