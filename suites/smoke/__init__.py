"""Smoke: does the platform work for people now?"""
