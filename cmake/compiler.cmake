# The language, the warnings, the hardening and the sanitizers, all in the interface library seg_flags.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

# Assertions stay in a release: a state machine that broke its invariants must not go on.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_library(seg_warnings INTERFACE)
target_compile_options(seg_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wvla;-Wstrict-prototypes;-Wmissing-prototypes>
    $<$<AND:$<COMPILE_LANGUAGE:C>,$<BOOL:${SEGRETERIA_WERROR}>>:-Werror>)

add_library(seg_flags INTERFACE)
target_compile_definitions(seg_flags INTERFACE
    _GNU_SOURCE
    SEGRETERIA_VERSION="${PROJECT_VERSION}")
target_include_directories(seg_flags INTERFACE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_BINARY_DIR}")
target_link_libraries(seg_flags INTERFACE seg_warnings)

if(SEGRETERIA_SANITIZE)
    target_compile_options(seg_flags INTERFACE
        -fsanitize=${SEGRETERIA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(seg_flags INTERFACE -fsanitize=${SEGRETERIA_SANITIZE})
else()
    target_compile_options(seg_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(seg_flags INTERFACE -fcf-protection)
    endif()
    target_link_options(seg_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()

if(SEGRETERIA_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(LANGUAGES C)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
