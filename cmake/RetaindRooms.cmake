# The rooms of the house (DESIGN.md 3) as CMake sees them.

# Adds each room that has a CMakeLists.txt, in the order given.
function(retaind_rooms)
    foreach(room IN LISTS ARGN)
        if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${room}/CMakeLists.txt")
            add_subdirectory(${room})
        endif()
    endforeach()
endfunction()

# retaind_edge(<room> SOURCES a.cpp ... [LIBS target ...])
#
# One static library retaind_edge_<room>. It sees the core and its own library, and no other edge. LIBS are private:
# the headers of an edge never show the library behind it.
function(retaind_edge room)
    cmake_parse_arguments(PARSE_ARGV 1 edge "" "" "SOURCES;LIBS")
    add_library(retaind_edge_${room} STATIC ${edge_SOURCES})
    target_link_libraries(retaind_edge_${room} PUBLIC retaind_options retaind_core PRIVATE ${edge_LIBS})
    set_property(GLOBAL APPEND PROPERTY RETAIND_EDGES retaind_edge_${room})
endfunction()
