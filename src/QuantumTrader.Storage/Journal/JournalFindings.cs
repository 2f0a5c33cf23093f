namespace QuantumTrader.Storage;

/// <summary>What was found to be wrong with a journal, oldest first: each once, and the first hundred.</summary>
internal sealed class JournalFindings
{
    private const int Most = 100;

    private readonly Lock _gate = new();
    private readonly List<string> _all = [];

    public IReadOnlyList<string> All { get { lock (_gate) { return [.. _all]; } } }

    public void Add(string finding)
    {
        lock (_gate)
        {
            if (_all.Count < Most && !_all.Contains(finding))
            {
                _all.Add(finding);
            }
        }
    }
}
