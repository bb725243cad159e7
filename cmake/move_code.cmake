# move_code(target bytes)
#
# Links `target` with so many unused bytes ahead of its code, which so comes to lie elsewhere within its pages. Call it
# once a target, with a multiple of 64, on which functions are aligned.
function(move_code target bytes)
  if(NOT bytes)
    return()
  endif()
  set(padding ${CMAKE_BINARY_DIR}/models/code_padding_${bytes}.cpp)
  file(CONFIGURE OUTPUT ${padding} CONTENT "asm(\".text\\n.skip @bytes@, 0xcc\\n\");\n" @ONLY)
  set_property(SOURCE ${padding} TARGET_DIRECTORY ${target} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  # First in the link: all that comes after it moves.
  get_target_property(sources ${target} SOURCES)
  set_property(TARGET ${target} PROPERTY SOURCES ${padding} ${sources})
endfunction()
