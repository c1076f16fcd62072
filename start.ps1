#Requires -Version 5.1
# Sets up what is missing, then runs the API in the foreground.
$ErrorActionPreference = 'Stop'

& (Join-Path -Path $PSScriptRoot -ChildPath 'bootstrap.ps1')
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

Push-Location -LiteralPath $PSScriptRoot
try {
    & '.venv\Scripts\python.exe' main.py @args
    exit $LASTEXITCODE
} finally {
    Pop-Location
}
