# What the harness cannot do without is REQUIRED; what a single model needs is optional, and its
# absence makes that model `skipped` (cmake/add_model.cmake).
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
pkg_check_modules(libuv IMPORTED_TARGET libuv)
pkg_check_modules(libpq IMPORTED_TARGET libpq)
# The headers alone, too: asio needs no compiled part.
find_package(Boost QUIET)
find_package(Boost QUIET COMPONENTS fiber context)
find_package(TBB QUIET)
