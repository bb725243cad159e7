# add_model(NAME fiber [PACKAGE libboost-fiber-dev] [TARGETS Boost::fiber] [MISSING "why"])
#
# Builds switchyard-<NAME> from every .cpp in the folder, with the cell main. When a target that it
# needs does not exist, the model is not built: build/<preset>/models/<NAME>.json then tells the
# runner why and which command installs the missing part, and its cells become `skipped`.
function(add_model)
  cmake_parse_arguments(MODEL "" "NAME;PACKAGE" "TARGETS" ${ARGN})
  set(note ${CMAKE_BINARY_DIR}/models/${MODEL_NAME}.json)
  foreach(target IN LISTS MODEL_TARGETS)
    if(NOT TARGET ${target})
      file(WRITE ${note} "{\"schema\": 1, \"model\": \"${MODEL_NAME}\", \"skipped\": "
        "\"${target} was not found when the suite was configured\", "
        "\"install\": \"sudo apt-get install ${MODEL_PACKAGE}\"}\n")
      message(STATUS "model ${MODEL_NAME}: skipped, ${target} not found")
      return()
    endif()
  endforeach()
  file(REMOVE ${note})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_executable(switchyard-${MODEL_NAME} ${sources})
  target_link_libraries(switchyard-${MODEL_NAME} PRIVATE cell_main kernel postgres ${MODEL_TARGETS}
    switchyard_flags)
  move_code(switchyard-${MODEL_NAME} ${SWITCHYARD_CODE_PADDING})
  set_property(GLOBAL APPEND PROPERTY SWITCHYARD_MODELS ${MODEL_NAME})
endfunction()
