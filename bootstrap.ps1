#Requires -Version 5.1
# Sets everything up: .venv, .env, the Temporal CLI. Runs again in a moment, and then changes nothing.
$ErrorActionPreference = 'Stop'

$candidates = @(@('py', '-3'), @('py', '-3.14'), @('py', '-3.13'), @('py', '-3.12'), @('py', '-3.11'), @('python'), @('python3'))
if ($env:PYTHON) { $candidates = @(, @($env:PYTHON)) }

Push-Location -LiteralPath $PSScriptRoot
try {
    foreach ($candidate in $candidates) {
        $program = $candidate[0]
        $options = @($candidate | Select-Object -Skip 1)
        if (-not (Get-Command -Name $program -CommandType Application -ErrorAction SilentlyContinue)) { continue }
        & $program @options -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
        if ($LASTEXITCODE -ne 0) { continue }
        & $program @options -m bootstrap @args
        exit $LASTEXITCODE
    }
} finally {
    Pop-Location
}
[Console]::Error.WriteLine('Python 3.11 to 3.14 is needed and was not found: winget install Python.Python.3.13, or set PYTHON to its path.')
exit 1
