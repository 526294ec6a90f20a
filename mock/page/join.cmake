# cmake -DSCRIPTS=F;... -DFROM=DIR -DPAGE=F -DPOLICY=F -P join.cmake: see CMakeLists.txt.

# base64_of_hex(OUT HEX): of 32 bytes, which are one short of a multiple of three.
function(base64_of_hex out hex)
  set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(text "")
  foreach(at RANGE 0 63 3)
    string(SUBSTRING "${hex}00" ${at} 3 digits)
    math(EXPR high "0x${digits} >> 6")
    math(EXPR low "0x${digits} & 63")
    string(SUBSTRING ${letters} ${high} 1 high)
    string(SUBSTRING ${letters} ${low} 1 low)
    string(APPEND text ${high}${low})
  endforeach()
  string(SUBSTRING ${text} 0 43 text)
  set(${out} ${text}= PARENT_SCOPE)
endfunction()

file(READ ${FROM}/page.html page)
file(READ ${FROM}/page.css style)
set(script "\"use strict\";\n")
foreach(file IN LISTS SCRIPTS)
  file(READ ${file} part)
  string(APPEND script "${part}")
endforeach()
foreach(part IN ITEMS style script)
  string(PREPEND ${part} "\n")
  string(SHA256 hex "${${part}}")
  base64_of_hex(${part}_hash ${hex})
  string(REPLACE "@${part}@" "${${part}}" page "${page}")
endforeach()

file(WRITE ${PAGE} "${page}")
file(WRITE ${POLICY}
     "default-src 'none'; script-src 'sha256-${script_hash}'; style-src 'sha256-${style_hash}'; "
     "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'")
