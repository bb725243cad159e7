# switchyard_test(NAME histogram_test SOURCES a.cpp ... LIBRARIES histogram [LABELS unit] [TIMEOUT 60])
#
# One GoogleTest executable; every test case is a ctest test with a label and a timeout. Compiled with -O1 and without
# debug information: what is tested is what it links, and its own code is run once.
function(switchyard_test)
  cmake_parse_arguments(TEST "" "NAME;TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(NOT TEST_LABELS)
    set(TEST_LABELS unit)
  endif()
  add_executable(${TEST_NAME} ${TEST_SOURCES})
  compile_as_test(${TEST_NAME})
  precompile(${TEST_NAME} REUSE_FROM test_headers)
  target_link_libraries(${TEST_NAME} PRIVATE ${TEST_LIBRARIES} switchyard_flags GTest::gtest_main
    GTest::gmock)
  gtest_discover_tests(${TEST_NAME} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}")
endfunction()

function(compile_as_test TARGET)
  target_compile_options(${TARGET} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CONFIG:Release>:-g0>)
endfunction()
