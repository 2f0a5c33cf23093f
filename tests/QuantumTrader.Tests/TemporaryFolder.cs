namespace QuantumTrader.Tests;

/// <summary>A folder that is removed with all that is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("qt-").FullName;

    public void Dispose() => Directory.Delete(Path, true);
}
