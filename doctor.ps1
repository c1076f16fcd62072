#Requires -Version 5.1
# Examines the setup and the running system; --fix takes up orders whose workflow was lost or rolled back.
$ErrorActionPreference = 'Stop'

& (Join-Path -Path $PSScriptRoot -ChildPath 'bootstrap.ps1') --doctor @args
exit $LASTEXITCODE
