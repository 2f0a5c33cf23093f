using System.Diagnostics;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class CpuTimeTests
{
    private static readonly TimeSpan Some = TimeSpan.FromMilliseconds(30);

    [Fact]
    public void A_thread_has_its_own_and_a_process_has_that_of_all_its_threads()
    {
        using var process = Process.GetCurrentProcess();
        var (thread, all) = (CpuTime.OfThread(), CpuTime.OfProcess(process));
        var other = new Thread(() => Use(Some));
        other.Start();
        other.Join();

        (CpuTime.OfThread() - thread).ShouldBeLessThan(Some);
        (CpuTime.OfProcess(process) - all).ShouldBeGreaterThanOrEqualTo(Some);
        Use(Some);
        (CpuTime.OfThread() - thread).ShouldBeGreaterThanOrEqualTo(Some);
    }

    [Fact]
    public void Of_another_process_it_grows_while_that_works_and_is_nothing_once_it_has_ended()
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "while :; do :; done"]))!;
        SpinWait.SpinUntil(() => CpuTime.OfProcess(process) >= Some, TimeSpan.FromSeconds(30)).ShouldBeTrue();

        process.Kill();
        process.WaitForExit();

        CpuTime.OfProcess(process).ShouldBe(TimeSpan.Zero);
    }

    private static void Use(TimeSpan time)
    {
        for (var from = CpuTime.OfThread(); CpuTime.OfThread() - from < time;)
        {
            Thread.SpinWait(1000);
        }
    }
}
