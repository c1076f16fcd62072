#Requires -Version 5.1
# Sets up what is missing, then runs every check: .\test [--all] [arguments of pytest]
$ErrorActionPreference = 'Stop'

& (Join-Path -Path $PSScriptRoot -ChildPath 'bootstrap.ps1') --dev
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

Push-Location -LiteralPath $PSScriptRoot
try {
    & '.venv\Scripts\python.exe' -m bootstrap.checks @args
    exit $LASTEXITCODE
} finally {
    Pop-Location
}
