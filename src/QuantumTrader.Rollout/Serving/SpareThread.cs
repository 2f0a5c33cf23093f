using System.Collections.Concurrent;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// A thread that is there before it is needed. To start one holds the caller up until the new one runs, which on a busy machine takes
/// milliseconds that the main path does not have. What it runs may never return: the next job has the next thread.
/// </summary>
internal sealed class SpareThread : IDisposable
{
    private readonly BlockingCollection<Task> _jobs = [];
    private readonly string _name;

    public SpareThread(string name)
    {
        _name = name;
        StartNext();
    }

    /// <summary>Hands over a job; never waits for it.</summary>
    public Task<T> Run<T>(Func<T> job)
    {
        var task = new Task<T>(job);
        _jobs.Add(task);
        return task;
    }

    /// <summary>The same for one without a result.</summary>
    public void Run(Action job) => _jobs.Add(new Task(job));

    /// <summary>Nothing more will be handed over.</summary>
    public void Dispose() => _jobs.CompleteAdding();

    private void StartNext() => new Thread(RunOne) { IsBackground = true, Name = _name }.Start();

    private void RunOne()
    {
        if (_jobs.TryTake(out var job, Timeout.Infinite))
        {
            StartNext();
            job.RunSynchronously(TaskScheduler.Default);
        }
    }
}
