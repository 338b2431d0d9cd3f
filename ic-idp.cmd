@echo off
if exist "%~dp0node_modules\.bin\node.cmd" (
  call "%~dp0node_modules\.bin\node.cmd" "%~dp0src\admin\cli\ic-idp.js" %*
) else (
  node "%~dp0src\admin\cli\ic-idp.js" %*
)
