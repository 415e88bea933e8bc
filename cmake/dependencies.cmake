# What is linked. libmicrohttpd 1.0.1 or later: the system's, or the static one that cmake/libmicrohttpd.sh makes.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
if(EXISTS /usr/bin/python3)
    set(Python3_EXECUTABLE /usr/bin/python3) # Debian's, before any other on the path
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)

pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(nettle REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(cmark REQUIRED IMPORTED_TARGET libcmark>=0.29)
pkg_check_modules(magic REQUIRED IMPORTED_TARGET libmagic)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq>=15)
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive>=3.6) # exports
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.85) # mail, segreteria demo

set(libmicrohttpd_minimum 1.0.1)
pkg_check_modules(microhttpd IMPORTED_TARGET libmicrohttpd>=${libmicrohttpd_minimum})
add_library(seg_microhttpd INTERFACE)
if(microhttpd_FOUND)
    target_link_libraries(seg_microhttpd INTERFACE PkgConfig::microhttpd)
else()
    set(cache_home "$ENV{XDG_CACHE_HOME}")
    if(NOT cache_home)
        set(cache_home "$ENV{HOME}/.cache")
    endif()
    file(GLOB builds "${cache_home}/segreteria/libmicrohttpd-*/lib/libmicrohttpd.a")
    list(SORT builds COMPARE NATURAL ORDER DESCENDING)
    if(NOT builds)
        message(FATAL_ERROR "libmicrohttpd ${libmicrohttpd_minimum} or later is missing: run ./dev build once, which makes it")
    endif()
    list(GET builds 0 library)
    cmake_path(GET library PARENT_PATH directory)
    cmake_path(GET directory PARENT_PATH directory)
    message(STATUS "libmicrohttpd: ${library}")
    target_include_directories(seg_microhttpd SYSTEM INTERFACE "${directory}/include")
    target_link_libraries(seg_microhttpd INTERFACE "${library}" Threads::Threads)
endif()

# Every room may use these; libpq is for seg_db and libmicrohttpd for seg_http alone (rooms.cmake).
add_library(seg_libraries INTERFACE)
target_link_libraries(seg_libraries INTERFACE
    PkgConfig::jansson PkgConfig::cmark PkgConfig::pcre2 PkgConfig::sodium PkgConfig::nettle PkgConfig::magic
    PkgConfig::zlib PkgConfig::brotli PkgConfig::zstd Threads::Threads m)
