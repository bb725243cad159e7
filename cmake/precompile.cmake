# precompile(TARGET header...)          its sources read these headers from one compiled copy
# precompile(TARGET REUSE_FROM other)   they read the copy of that target, whose flags must be the same
#
# Two thirds of what a small source costs is reading headers. The machine code is the same with and without, as long as
# no header here defines an object of its own in whoever includes it (<iostream>, <benchmark/benchmark.h>): keep it so.
# A source still includes what it uses: tests/layering/sources_alone.py compiles without these copies.
function(precompile TARGET)
  if(ARGV1 STREQUAL "REUSE_FROM")
    target_precompile_headers(${TARGET} ${ARGN})
  else()
    target_precompile_headers(${TARGET} PRIVATE ${ARGN})
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # or ccache reads all of the headers once more
    target_compile_options(${TARGET} PRIVATE -fpch-preprocess)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang") # or a copy out of ccache is refused in another checkout
    target_compile_options(${TARGET} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# A library of nothing but a compiled copy, for several targets to reuse: its links are theirs.
function(add_headers NAME)
  set(source ${CMAKE_BINARY_DIR}/headers/${NAME}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Compiles the headers of ${NAME}.\n" @ONLY)
  add_library(${NAME} OBJECT ${source})
  target_link_libraries(${NAME} PRIVATE switchyard_flags)
endfunction()
