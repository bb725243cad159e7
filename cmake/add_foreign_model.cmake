# add_foreign_model(NAME go [MISSING "why"] SOURCES *.go COMMAND go build -o ...)
# add_foreign_model(NAME python [MISSING "why"] SOURCES *.py SCRIPT worker.py)
#
# Builds switchyard-<NAME>, the cell main whose cells run in a worker (docs/worker-protocol.md), and the worker itself:
# ${SWITCHYARD_WORKERS}/<NAME>/worker. COMMAND makes it from SOURCES, or they are copied and SCRIPT, which names its
# interpreter, is it. With MISSING nothing is built: build/<preset>/models/<NAME>.json tells the runner why, and that
# the folder's packages.txt mends it. A COMMAND that fails leaves a log instead of the worker, and the model says so.
set(SWITCHYARD_WORKERS ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/workers)

function(add_foreign_model)
  cmake_parse_arguments(PARSE_ARGV 0 MODEL "" "NAME;MISSING" "" )
  set(note ${CMAKE_BINARY_DIR}/models/${MODEL_NAME}.json)
  install_command(install)
  string(APPEND install ", then build again")
  if(MODEL_MISSING)
    file(WRITE ${note} "{\"schema\": 1, \"model\": \"${MODEL_NAME}\", \"foreign\": true, "
      "\"skipped\": \"${MODEL_MISSING}\", \"install\": \"${install}\"}\n")
    message(STATUS "model ${MODEL_NAME}: skipped, ${MODEL_MISSING}")
    return()
  endif()
  file(REMOVE ${note})
  file(WRITE ${SWITCHYARD_WORKERS}/${MODEL_NAME}/install.txt "${install}\n")
  add_foreign_executable(NAME ${MODEL_NAME} ${MODEL_UNPARSED_ARGUMENTS})
  set_property(GLOBAL APPEND PROPERTY SWITCHYARD_MODELS ${MODEL_NAME})
  set_property(GLOBAL APPEND PROPERTY SWITCHYARD_FOREIGN_MODELS ${MODEL_NAME})
endfunction()

# add_foreign_executable(NAME go [FOLDER of the sources] SOURCES ... COMMAND ... | SCRIPT ...)
function(add_foreign_executable)
  cmake_parse_arguments(PARSE_ARGV 0 WORKER "" "NAME;FOLDER;SCRIPT" "SOURCES;COMMAND")
  set(from ${CMAKE_CURRENT_SOURCE_DIR})
  if(WORKER_FOLDER)
    string(APPEND from /${WORKER_FOLDER})
  endif()
  set(to ${SWITCHYARD_WORKERS}/${WORKER_NAME})
  if(WORKER_SCRIPT)
    copy_worker(${from} ${to} ${WORKER_SCRIPT} ${WORKER_SOURCES})
  else()
    compile_worker(${from} ${to} "${WORKER_SOURCES}" ${WORKER_COMMAND})
  endif()
  add_custom_target(worker_${WORKER_NAME} DEPENDS ${made})
  add_executable(switchyard-${WORKER_NAME} $<TARGET_OBJECTS:remote_model>)
  target_link_libraries(switchyard-${WORKER_NAME} PRIVATE cell_main remote switchyard_flags)
  add_dependencies(switchyard-${WORKER_NAME} worker_${WORKER_NAME})
endfunction()

# Copied, so that a build measures what it was made from. Sets `made`.
function(copy_worker FROM TO SCRIPT)
  foreach(source IN LISTS ARGN)
    set(copy ${TO}/${source})
    if(source STREQUAL SCRIPT)
      set(copy ${TO}/worker)
    endif()
    add_custom_command(OUTPUT ${copy} COMMAND ${CMAKE_COMMAND} -E copy ${FROM}/${source} ${copy}
      DEPENDS ${FROM}/${source} VERBATIM)
    list(APPEND copies ${copy})
  endforeach()
  set(made ${copies} PARENT_SCOPE)
endfunction()

# Sets `made`.
function(compile_worker FROM TO SOURCES)
  set(compile ${PROJECT_SOURCE_DIR}/cmake/compile_worker)
  list(TRANSFORM SOURCES PREPEND ${FROM}/)
  add_custom_command(OUTPUT ${TO}/worker COMMAND ${compile} ${TO} ${ARGN} WORKING_DIRECTORY ${FROM}
    DEPENDS ${compile} ${SOURCES} VERBATIM COMMENT "Building ${TO}/worker")
  set(made ${TO}/worker PARENT_SCOPE)
endfunction()
