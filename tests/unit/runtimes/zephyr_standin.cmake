# What of Zephyr's CMake a module uses, for the host: Zephyr's own functions have these names and effects.
add_library(zephyr_interface INTERFACE)
add_library(app STATIC ${CMAKE_CURRENT_SOURCE_DIR}/main.c)
function(zephyr_interface_library_named name)
  add_library(${name} INTERFACE)
  target_link_libraries(app PUBLIC ${name})
endfunction()
