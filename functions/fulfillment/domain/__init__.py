"""The rules of fulfilment. Pure: imports the standard library, itself and the error tree, nothing else."""
