# What the harness cannot do without is REQUIRED; the others are of a workload, which is skipped
# without them. A model finds its own library in its own CMakeLists.txt (cmake/add_model.cmake).
# tests/inject links a model a second time, from another folder.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(Threads REQUIRED)
find_package(benchmark REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(libpq IMPORTED_TARGET libpq)
find_package(Boost QUIET) # its headers, for `http`
