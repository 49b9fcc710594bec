# What is installed beside the daemon: rules, configuration, units, man pages, completion, examples.
#
# debian/rules calls it with the prefix /usr; paths in the units are those of that prefix.

include(GNUInstallDirs)
set(RETAIND_UNIT_DIR "lib/systemd/system" CACHE PATH "Where systemd's units go")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/rules/" DESTINATION "${CMAKE_INSTALL_DATADIR}/retaind/rules"
    COMPONENT rules
    FILES_MATCHING PATTERN "*.toml" PATTERN "tests" EXCLUDE)
install(FILES etc/retaind.toml etc/rules.toml DESTINATION "${CMAKE_INSTALL_FULL_SYSCONFDIR}/retaind")
install(FILES systemd/retaind.service systemd/retaind@.service systemd/retaind-once.service systemd/retaind-once.timer
    DESTINATION "${RETAIND_UNIT_DIR}")
install(FILES etc/completion/retaind DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(DIRECTORY etc/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
    PATTERN "completion" EXCLUDE PATTERN "demo" EXCLUDE PATTERN "examples" EXCLUDE PATTERN "prometheus" EXCLUDE
    PATTERN "grafana" EXCLUDE PATTERN "alertmanager" EXCLUDE)
install(DIRECTORY etc/prometheus etc/grafana etc/alertmanager DESTINATION "${CMAKE_INSTALL_DATADIR}/retaind")
install(DIRECTORY etc/examples/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")

# Man pages are made from what is documented anyway.
find_program(LOWDOWN lowdown)
find_program(RETAIND_MAN_PYTHON python3)
mark_as_advanced(LOWDOWN RETAIND_MAN_PYTHON)
if(NOT LOWDOWN OR NOT RETAIND_MAN_PYTHON)
    message(STATUS "No man pages: they need lowdown and python3")
    return()
endif()

# retaind_man_page(<page>.<section> <source>)
function(retaind_man_page page source)
    add_custom_command(OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${page}"
        COMMAND "${RETAIND_MAN_PYTHON}" "${PROJECT_SOURCE_DIR}/docs/man/man_page.py"
                "${PROJECT_SOURCE_DIR}/${source}" "${CMAKE_CURRENT_BINARY_DIR}/${page}"
        DEPENDS "${source}" docs/man/man_page.py VERBATIM)
    set_property(GLOBAL APPEND PROPERTY RETAIND_MAN_PAGES "${CMAKE_CURRENT_BINARY_DIR}/${page}")
    string(REGEX REPLACE ".*\\." "man" folder "${page}")
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/${folder}")
endfunction()

retaind_man_page(retaind.1 docs/man/retaind.1.md)
retaind_man_page(retaind.toml.5 etc/retaind.toml)
retaind_man_page(retaind-rules.5 docs/rules.md)
get_property(man_pages GLOBAL PROPERTY RETAIND_MAN_PAGES)
add_custom_target(retaind_man ALL DEPENDS ${man_pages})
