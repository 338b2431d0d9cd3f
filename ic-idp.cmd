@echo off
if not defined IC_IDP_COMMAND set IC_IDP_COMMAND=%~0
if exist "%~dp0node_modules\.bin\node.cmd" (
  call "%~dp0node_modules\.bin\node.cmd" "%~dp0src\admin\cli\ic-idp.js" %*
) else (
  node "%~dp0src\admin\cli\ic-idp.js" %*
)
