using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>What an effect does in the shadow: writes each event in its outside form and reads it back. Whoever reads it must get the same.</summary>
internal sealed class RoundTrip<T>(EventFormat<T> format) : Operator<T, T> where T : struct, IEvent<T>
{
    private readonly JsonFieldReader _reader = new();

    public override void Process(Run<T> run, Output<T> output)
    {
        foreach (ref readonly var value in run)
        {
            var written = Encoding.UTF8.GetBytes(JsonFieldWriter.Print(format, value));
            if (_reader.TryLoad(written, out var reason))
            {
                output.Add(format.Read(_reader));
            }
            else
            {
                run.Reject(reason);
            }
        }
    }
}
