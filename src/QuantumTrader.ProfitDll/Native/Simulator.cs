using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.ProfitDll.Callbacks;

namespace QuantumTrader.ProfitDll.Native;

/// <summary>What only the simulator can do: play a script, count what its consumer does, measure.</summary>
/// <param name="path">File of the loaded library.</param>
internal sealed unsafe class Simulator(string path)
{
    private readonly nint _handle = NativeLibrary.Load(path);

    /// <summary>Runs lines of a script on the simulator's own thread.</summary>
    public void Run(string lines)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(lines + "\0"))
        {
            ReturnCodes.Check(((delegate* unmanaged<byte*, int>)Export("SimRun"))(text), "SimRun");
        }
    }

    /// <summary>Waits until it has done everything that it was told to; false when that takes longer.</summary>
    public bool Wait(TimeSpan patience) => ((delegate* unmanaged<int, int>)Export("SimWait"))((int)patience.TotalMilliseconds) == 0;

    /// <summary>What it counted: the order is that of its header.</summary>
    public long Counter(int which) => ((delegate* unmanaged<int, long>)Export("SimCounter"))(which);

    /// <summary>Whether a function of the interface was called.</summary>
    public bool HasCalled(string function)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(function + "\0"))
        {
            return ((delegate* unmanaged<byte*, int>)Export("SimCalled"))(name) == 1;
        }
    }

    /// <summary>Registers the trade callback of the source, or one that does nothing.</summary>
    public void Register(bool isEmpty) => ((delegate* unmanaged<nint, int>)Export("SetTradeCallbackV2"))(isEmpty ? CallbackEntry.EmptyTradeV2 : CallbackEntry.TradeV2);

    /// <summary>Calls the trade callback on this thread, once for each place, so many ns apart, and writes down how many ns each call took.</summary>
    public void Measure(string ticker, long gap, Span<long> times)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(ticker + "\0"))
        fixed (long* t = times)
        {
            ((delegate* unmanaged<byte*, long, long, long*, void>)Export("SimMeasure"))(name, times.Length, gap, t);
        }
    }

    private nint Export(string name) => NativeLibrary.GetExport(_handle, name);
}
