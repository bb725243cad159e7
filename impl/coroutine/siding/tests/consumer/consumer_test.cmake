# Configures, builds, tests and installs the library by itself, then a project that finds it.
# cmake -D SOURCE=.. -D COMPILER=.. -D GENERATOR=.. [-D LAUNCHER=..] -P consumer_test.cmake
file(REAL_PATH "$ENV{TMPDIR}" temporary BASE_DIRECTORY /tmp)
string(RANDOM LENGTH 12 name)
set(folder ${temporary}/siding-consumer-${name})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    file(REMOVE_RECURSE ${folder})
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}: ${result}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# Without optimisation: it is to be found out whether it builds, and soon.
set(common -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Debug
  -DCMAKE_CXX_FLAGS_DEBUG=-O0 # no -g: ccache would not find what was built in another folder
  -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${folder}/library ${common} -DSIDING_BENCH=OFF)
run(${CMAKE_COMMAND} --build ${folder}/library --parallel 2 --target siding siding-example3)
run(${CMAKE_CTEST_COMMAND} --test-dir ${folder}/library --output-on-failure --no-tests=error
  -R example3$)
run(${CMAKE_COMMAND} --install ${folder}/library --prefix ${folder}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consumer -B ${folder}/consumer ${common}
  -DCMAKE_PREFIX_PATH=${folder}/prefix)
# What is in the source tree must not be what makes it build.
run(${CMAKE_COMMAND} --build ${folder}/consumer)
file(STRINGS ${folder}/consumer/CMakeCache.txt found REGEX "^siding_DIR")
if(NOT found MATCHES "${folder}/prefix")
  message(FATAL_ERROR "found another siding: ${found}")
endif()
run(${folder}/consumer/consumer)
message(STATUS "consumer printed: ${output}")
file(REMOVE_RECURSE ${folder})
