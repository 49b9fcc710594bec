# Finds standalone Asio: Asio::asio, header only.
#
# Every translation unit that sees Asio must see it with the same defines (one definition rule), so they are set here
# and are the ones RESTinio's package sets. ASIO_NO_DEPRECATED is not among them: RESTinio 0.6 uses asio::buffer_cast.
# ASIO_HAS_STD_ALIGNED_ALLOC would else depend on whether a standard header came before Asio's: memory taken in one way
# would be given back in another.

find_package(Threads QUIET)
find_path(Asio_INCLUDE_DIR asio/version.hpp)
mark_as_advanced(Asio_INCLUDE_DIR)
if(Asio_INCLUDE_DIR)
    file(STRINGS "${Asio_INCLUDE_DIR}/asio/version.hpp" _asio_line REGEX "#define ASIO_VERSION [0-9]+")
    string(REGEX REPLACE "^#define ASIO_VERSION ([0-9]+).*" "\\1" _asio_number "${_asio_line}")
    math(EXPR _asio_major "${_asio_number} / 100000")
    math(EXPR _asio_minor "${_asio_number} / 100 % 1000")
    math(EXPR _asio_patch "${_asio_number} % 100")
    set(Asio_VERSION "${_asio_major}.${_asio_minor}.${_asio_patch}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Asio REQUIRED_VARS Asio_INCLUDE_DIR VERSION_VAR Asio_VERSION)

if(Asio_FOUND AND NOT TARGET Asio::asio)
    add_library(Asio::asio INTERFACE IMPORTED)
    set_target_properties(Asio::asio PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${Asio_INCLUDE_DIR}"
        INTERFACE_COMPILE_DEFINITIONS
            "ASIO_STANDALONE;ASIO_HAS_STD_ALIGNED_ALLOC;ASIO_HAS_STD_CHRONO;ASIO_DISABLE_STD_STRING_VIEW"
        INTERFACE_LINK_LIBRARIES Threads::Threads)
    # ThreadSanitizer does not know the fences that asio puts around handlers, beside the locks it knows.
    if(RETAIND_SANITIZE MATCHES "thread")
        set_property(TARGET Asio::asio APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS ASIO_DISABLE_FENCED_BLOCK)
    endif()
endif()
