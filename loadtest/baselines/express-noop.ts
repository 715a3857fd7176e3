import express from 'express';
import { noop } from './noop.ts';
import { readArgs, serve } from './program.ts';

/** The limit for a thin API on Express as it comes. */
readArgs();
serve(noop(express()));
