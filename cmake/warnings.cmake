# One INTERFACE target carries every flag, so that all models are compiled alike. Warnings are errors in the presets of CI
# alone: the next compiler warns of something new, and someone who only wants to measure must not be stopped by it.
option(SWITCHYARD_WARNINGS_AS_ERRORS "Stop at a warning" OFF)
set(stop_at_warnings)
if(SWITCHYARD_WARNINGS_AS_ERRORS)
  set(stop_at_warnings -Werror)
endif()
add_library(switchyard_flags INTERFACE)
target_compile_features(switchyard_flags INTERFACE cxx_std_20)
target_include_directories(switchyard_flags INTERFACE ${CMAKE_SOURCE_DIR}/bench)
target_compile_options(switchyard_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual ${stop_at_warnings}
  # Fixed alignment: a relinked binary must not become 2 % faster because a loop moved.
  -falign-functions=64 -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(switchyard_flags INTERFACE -fcoroutines -Wno-subobject-linkage)
endif()

set(SWITCHYARD_CODE_PADDING 0 CACHE STRING "A multiple of 64: the models' code is moved by so many bytes")

set(SWITCHYARD_SANITIZE "" CACHE STRING "Sanitizers for everything, e.g. address,undefined or thread")
if(SWITCHYARD_SANITIZE)
  target_compile_options(switchyard_flags INTERFACE -fsanitize=${SWITCHYARD_SANITIZE}
    -fno-sanitize-recover=all -g1 -O1) # their reports name lines, and no variables
  target_link_options(switchyard_flags INTERFACE -fsanitize=${SWITCHYARD_SANITIZE})
endif()
