# Sets OUT to the command that installs what packages.txt of the current folder lists.
function(install_command OUT)
  set(packages)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/packages.txt)
    file(STRINGS packages.txt packages REGEX "^[^#]")
    list(TRANSFORM packages REPLACE "[ |].*" "") # of several names the first
    list(JOIN packages " " packages)
  endif()
  set(${OUT} "sudo apt-get install ${packages}" PARENT_SCOPE)
endfunction()

# add_model(NAME fiber [TARGETS Boost::fiber] [HEADERS <boost/fiber/fiber.hpp>])
#
# Builds switchyard-<NAME> from every .cpp in the folder, with the cell main. The model has looked for
# its library before. When a target that it needs does not exist, the model is not built:
# build/<preset>/models/<NAME>.json then says why and which command installs what the folder's
# packages.txt lists, and its cells become `skipped`.
# HEADERS are large ones that most of its sources include; they are compiled once, with those that all models include.
function(add_model)
  cmake_parse_arguments(MODEL "" "NAME" "TARGETS;HEADERS" ${ARGN})
  set(note ${CMAKE_BINARY_DIR}/models/${MODEL_NAME}.json)
  foreach(target IN LISTS MODEL_TARGETS)
    if(NOT TARGET ${target})
      install_command(install)
      file(WRITE ${note} "{\"schema\": 1, \"model\": \"${MODEL_NAME}\", \"skipped\": "
        "\"${target} was not found when the suite was configured\", "
        "\"install\": \"${install}\"}\n")
      message(STATUS "model ${MODEL_NAME}: skipped, ${target} not found")
      return()
    endif()
  endforeach()
  file(REMOVE ${note})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_executable(switchyard-${MODEL_NAME} ${sources})
  target_link_libraries(switchyard-${MODEL_NAME} PRIVATE cell_main kernel postgres ${MODEL_TARGETS}
    switchyard_flags)
  if(MODEL_HEADERS)
    precompile(switchyard-${MODEL_NAME} ${SWITCHYARD_MODEL_HEADERS} ${MODEL_HEADERS})
  else()
    precompile(switchyard-${MODEL_NAME} REUSE_FROM model_headers)
  endif()
  move_code(switchyard-${MODEL_NAME} ${SWITCHYARD_CODE_PADDING})
  set_property(GLOBAL APPEND PROPERTY SWITCHYARD_MODELS ${MODEL_NAME})
endfunction()
