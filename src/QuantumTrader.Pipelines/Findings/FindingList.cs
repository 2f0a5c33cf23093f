namespace QuantumTrader.Pipelines;

/// <summary>Collects what is found in one run over one pipeline.</summary>
internal sealed class FindingList
{
    private readonly List<Finding> _findings = [];
    private readonly HashSet<Finding> _seen = [];
    private readonly List<string> _files = [];

    public bool HasErrors { get; private set; }

    /// <summary>Sorted findings keep the order in which files were announced here.</summary>
    public void AnnounceFile(string file) => _files.Add(file);

    public void Add(FindingCode code, Position at, string path, string message, string? legal = null, string? nearest = null)
    {
        var finding = new Finding(code.Severity, code.Id, at.File, at.Line, at.Column, path, message, legal, nearest);

        // A node that is reached through two aliases would otherwise be reported twice.
        if (_seen.Add(finding))
        {
            _findings.Add(finding);
            HasErrors |= code.Severity == Severity.Error;
        }
    }

    public IReadOnlyList<Finding> ToSorted() =>
        [.. _findings.OrderBy(f => _files.IndexOf(f.File)).ThenBy(f => f.Line).ThenBy(f => f.Column).ThenBy(f => f.Code, StringComparer.Ordinal)];
}
