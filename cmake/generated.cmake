# C made from the contract, the migrations, the SQL statements, the demo, the pages and the texts of mail, in <build>/generated:
# the library seg_generated, which every room may include. The table of operations is compiled with the room api.
set(generated_dir "${CMAKE_BINARY_DIR}/generated")
set(generator "${CMAKE_SOURCE_DIR}/cmake/generate.py")
set(generate Python3::Interpreter "${generator}")

file(GLOB migration_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/migrations/*.sql")
file(GLOB_RECURSE statement_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/*.sql")
file(GLOB_RECURSE operation_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/api/*.c")
file(GLOB docs_files CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/src/docs-ui/*.html" "${CMAKE_SOURCE_DIR}/src/docs-ui/*.css" "${CMAKE_SOURCE_DIR}/src/docs-ui/*.js"
    "${CMAKE_SOURCE_DIR}/src/docs-ui/*.svg"
    "${CMAKE_SOURCE_DIR}/third_party/*/*.js" "${CMAKE_SOURCE_DIR}/third_party/*/*.css")
file(GLOB links_files CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/src/links-ui/*.html" "${CMAKE_SOURCE_DIR}/src/links-ui/*.css" "${CMAKE_SOURCE_DIR}/src/links-ui/*.js")
file(GLOB mail_files CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/src/mail/templates/*.txt" "${CMAKE_SOURCE_DIR}/src/mail/templates/*.html")

set(contract "${CMAKE_SOURCE_DIR}/openapi.yaml")
set(passwords "${CMAKE_SOURCE_DIR}/src/auth/common_passwords.txt")
set(lint_rules "${CMAKE_SOURCE_DIR}/src/lint/rules.yaml")
set(demo "${CMAKE_SOURCE_DIR}/src/cli/demo.json")
set(asset_groups)
foreach(group IN ITEMS docs links mail)
    list(APPEND asset_groups -- ${group})
    foreach(file IN LISTS ${group}_files)
        cmake_path(GET file FILENAME name)
        list(APPEND asset_groups "${name}=${file}")
    endforeach()
endforeach()

add_custom_command(
    OUTPUT "${generated_dir}/openapi.json"
    COMMAND ${generate} contract "${generated_dir}" "${contract}"
    DEPENDS "${generator}" "${contract}"
    COMMENT "openapi.yaml -> JSON" VERBATIM)
add_custom_command(
    OUTPUT "${generated_dir}/lint.json"
    COMMAND ${generate} lint "${generated_dir}" "${lint_rules}"
    DEPENDS "${generator}" "${lint_rules}"
    COMMENT "rules for vacancies -> JSON" VERBATIM)
add_custom_command(
    OUTPUT "${generated_dir}/assets.h" "${generated_dir}/assets.c" "${generated_dir}/assets_data.S"
    COMMAND ${generate} assets "${generated_dir}"
        "openapi.json=${generated_dir}/openapi.json" "openapi.yaml=${contract}" "demo.json=${demo}"
        "common_passwords.txt=${passwords}" "lint.json=${generated_dir}/lint.json" ${asset_groups}
    DEPENDS "${generator}" "${generated_dir}/openapi.json" "${generated_dir}/lint.json" "${contract}" "${demo}" "${passwords}"
        ${docs_files} ${links_files} ${mail_files}
    COMMENT "Embedding the contract, the demo, passwords, the pages and the texts of mail" VERBATIM)
add_custom_command(
    OUTPUT "${generated_dir}/migrations.h" "${generated_dir}/migrations.c"
    COMMAND ${generate} migrations "${generated_dir}" ${migration_files}
    DEPENDS "${generator}" ${migration_files}
    COMMENT "Embedding the migrations" VERBATIM)
add_custom_command(
    OUTPUT "${generated_dir}/statements.h" "${generated_dir}/statements.c"
    COMMAND ${generate} statements "${generated_dir}" "${CMAKE_SOURCE_DIR}/src" ${statement_files}
    DEPENDS "${generator}" "${CMAKE_SOURCE_DIR}/cmake/sql_statement.py" ${statement_files}
    COMMENT "Embedding the statements" VERBATIM)
add_custom_command(
    OUTPUT "${generated_dir}/api_operations.h" "${generated_dir}/api_operations.c"
    COMMAND ${generate} operations "${generated_dir}" "${CMAKE_SOURCE_DIR}/src/api" ${operation_files}
    DEPENDS "${generator}" ${operation_files}
    COMMENT "Listing the operations" VERBATIM)

# The assembler takes the files in, which no compiler tells the build about.
set_source_files_properties("${generated_dir}/assets_data.S" PROPERTIES
    OBJECT_DEPENDS
    "${generated_dir}/openapi.json;${generated_dir}/lint.json;${contract};${demo};${passwords};${docs_files};${links_files};${mail_files}")

add_library(seg_generated STATIC
    "${generated_dir}/assets.c" "${generated_dir}/assets.h" "${generated_dir}/assets_data.S"
    "${generated_dir}/migrations.c" "${generated_dir}/migrations.h"
    "${generated_dir}/statements.c" "${generated_dir}/statements.h"
    "${generated_dir}/api_operations.h")
target_link_libraries(seg_generated PRIVATE seg_flags)
